"""How fast an expert is asked at evaluation, beside one call of transformers' ``generate`` for each question."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.commands import say
from benchmarks.projects import released
from benchmarks.rows import Lab, Row, at_least, reported

_ITEMS = 200
_ROUNDS = 3
_GOAL = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """The same questions asked in both ways, in turn."""

    ours: tuple[float, ...]
    """Seconds of each round, of the processor's time."""
    single: tuple[float, ...]
    equal: int
    """Answers that are the same text in both ways."""
    items: int


def measure(lab: Lab) -> list[Row]:
    """Questions answered each second by every released expert, and how often as fast as one ``generate`` call each."""
    root = released(lab.scratch, is_nano=False).workspace.root
    packages = sorted((root / "dist").glob("*.expert"))
    return [row for path in packages for row in compare(path.name, time_both(root, path))]


def compare(name: str, timed: Timed) -> list[Row]:
    """The ratio of medians against its goal; a fast wrong answer would not count, so those that are equal are told."""
    ours, single = median(timed.ours), median(timed.single)
    return [
        at_least(f"{name}: questions a second / one generate call each", single / ours, limit=_GOAL),
        reported(f"{name}: equal answers", f"{timed.equal} of {timed.items}"),
        reported(f"{name}: questions a second", f"{timed.items / ours:.0f}, one call each {timed.items / single:.0f}"),
    ]


def time_both(project: Path, package: Path) -> Timed:
    """Ask the expert of a package, on its base in the project, the first test items in both ways."""
    ours, single = _ways(project, package)
    say(f"  > {package.name}: {_ITEMS} questions in both ways, {_ROUNDS} times in turn")
    rounds = [(_time(ours), _time(single)) for _ in range(_ROUNDS)]
    answers = rounds[-1][0][1], rounds[-1][1][1]
    return Timed(
        ours=tuple(each[0][0] for each in rounds),
        single=tuple(each[1][0] for each in rounds),
        equal=sum(first == second for first, second in zip(*answers, strict=True)),
        items=len(answers[0]),
    )


def _ways(project: Path, package: Path) -> tuple[Callable[[], list[str]], Callable[[], list[str]]]:
    import torch

    from expertkit.data.items import data_folder, read_items
    from expertkit.data.prompt import Turn, render
    from expertkit.data.templates import end_token, open_template
    from expertkit.evaluation.recording import decode_as
    from expertkit.packages.packaged import open_packaged
    from expertkit.recipes import read_recipe
    from expertkit.runtime.generation import answer_prompts
    from expertkit.runtime.loading import attach, load_base

    packaged = open_packaged(package)
    recipe = read_recipe(project, packaged.checked.manifest.name, packaged.base.name)
    torch.set_num_threads(1)
    base, tokenizer = load_base(project / "models" / recipe.base)
    template = open_template(recipe.prompt_template, tokenizer, own=recipe.custom_template, base=recipe.base)
    items = list(read_items(data_folder(project, recipe.expert) / "test.jsonl"))[:_ITEMS]
    prompts = [render(template, Turn(question=item.question, context=item.context)) for item in items]
    model = attach(base, packaged.adapter, base=recipe.base)
    decoding = decode_as(recipe, end=end_token(template, tokenizer))
    return (
        lambda: answer_prompts(model, tokenizer, prompts, decoding=decoding),
        lambda: _one_by_one(model, tokenizer, prompts, end=decoding.end, most=decoding.max_new_tokens),
    )


def _one_by_one(model: Any, tokenizer: Any, prompts: Sequence[str], *, end: int, most: int) -> list[str]:
    import torch

    settings = {"do_sample": False, "max_new_tokens": most, "eos_token_id": end, "pad_token_id": end}
    answers = []
    for prompt in prompts:
        ids = torch.tensor([tokenizer.encode(prompt, add_special_tokens=False)])
        written = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **settings)[0, ids.shape[1] :]
        answers.append(tokenizer.decode(written[written != end], skip_special_tokens=True))
    return answers


def _time(ask: Callable[[], list[str]]) -> tuple[float, list[str]]:
    """Seconds of the processor's time, of which both ways use one thread: what else it does counts little."""
    begun = time.process_time()
    answers = ask()
    return time.process_time() - begun, answers
