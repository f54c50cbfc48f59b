"""Fresh questions for finished packages: items that nobody has seen, asked of base and experts alike.

The items are those of the part ``test`` of the package's own generator under another seed, so no training has seen
them, and no choice of a setting either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch

from expertkit import bases, layout
from expertkit.adapters import check_fit
from expertkit.data.domain import domain
from expertkit.data.generated import write_trials
from expertkit.data.items import Item
from expertkit.data.templates import end_token, open_template
from expertkit.errors import ExpertError
from expertkit.evaluation.ambiguity import find_ambiguous
from expertkit.evaluation.arm import Arm, run_arm
from expertkit.evaluation.exam import in_turn
from expertkit.evaluation.examinees import Examinee
from expertkit.evaluation.graders import Grader, open_grader
from expertkit.evaluation.regression import recheck
from expertkit.evaluation.statistics import Difference, compare, wilson_interval
from expertkit.evaluation.statistics.samples import Share
from expertkit.runtime.generation import Decoding, answer_prompts
from expertkit.runtime.loading import attached, load_base

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from expertkit.progress import Progress
    from expertkit.runtime.generation import Model

_EXAMPLES_OF = 256
"""Training items among which there is one of each form; the first of a longer run are those of a shorter one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """What everybody is asked."""

    items: tuple[Item, ...]
    ambiguous: int
    """How many were left out because nobody could be judged by them."""
    examples: tuple[Item, ...]
    """Items of the train part that the base is shown."""
    grader: Grader


def draw_questions(examinee: Examinee, *, seed: int, count: int) -> Questions:
    """Fresh items of a package's generator, without those that are ambiguous.

    Args:
        examinee: the package; its base is shown what it was shown when the expert was evaluated.
        seed: of the generator; the same seed gives the same items.
        count: how many.

    Raises:
        ExpertError: there are not so many different questions, or none that can be judged.
        DependencyError: the grader needs a program that is not installed.
    """
    asked = examinee.asked
    source = domain(str(asked.data.domain))
    try:
        items = tuple(source.generate("test", count=count, seed=seed))
    except ValueError as error:
        raise ExpertError(f"fresh questions: expected {count}, got fewer: {error}", hint="ask for fewer") from error
    shown = source.generate("train", count=min(_EXAMPLES_OF, asked.data.train), seed=asked.data.seed)
    with TemporaryDirectory() as folder:
        write_trials(source, items, Path(folder) / layout.TRIALS)
        grader = open_grader(asked.evaluate.grader, Path(folder))
    ambiguous = find_ambiguous(items, grader)
    fair = tuple(item for item in items if item.id not in ambiguous)
    if not fair:
        raise ExpertError(
            f"fresh questions: expected some that can be judged, got none: {next(iter(ambiguous.values()))}"
        )
    return Questions(
        items=fair, ambiguous=len(ambiguous), examples=in_turn(shown, examinee.shots), grader=grader
    )  # fmt: skip


def examine(
    project: Path, examinees: Sequence[Examinee], *, seed: int, items: int, alpha: float, progress: Progress
) -> dict[str, Any]:
    """Ask the base and every package the same fresh questions; the first package is what the others are held to.

    Args:
        project: its root, where the base is.
        examinees: of one expert for one base.
        seed: of the fresh items.
        items: how many.
        alpha: level at which a package scores below what it was released with.
        progress: told of every answer.

    Raises:
        CompatibilityError: the base is missing or not the one that the packages are for.
        ExpertError: there are not so many questions.
    """
    first = examinees[0]
    torch.set_num_threads(first.asked.evaluate.threads)
    packaged = first.packaged
    folder, _ = bases.require(packaged.base_model(layout.MODELS / packaged.base.name), project)
    questions = draw_questions(first, seed=seed, count=items)
    base, *arms = _ask_all(folder, examinees, questions, progress)
    metric = questions.grader.metrics[0]
    expert, name, fingerprint, *_ = first.about
    return {
        "expert": expert,
        "base": name,
        "fingerprint": fingerprint,
        "metric": metric,
        "seed": seed,
        "items": len(questions.items),
        "ambiguous": questions.ambiguous,
        "alpha": alpha,
        "unaided": {"shots": len(questions.examples), **_score(_share(base, metric))},
        "packages": [
            {
                **_describe(examinee, _share(arm, metric), alpha=alpha),
                "over_base": asdict(_compare(base, arm, metric, alpha=alpha)),
                "over_first": None if arm is arms[0] else asdict(_compare(arms[0], arm, metric, alpha=alpha)),
            }
            for examinee, arm in zip(examinees, arms, strict=True)
        ],
    }


def _ask_all(folder: Path, examinees: Sequence[Examinee], questions: Questions, progress: Progress) -> Iterator[Arm]:
    """The base behind its worked examples, then every package on it, behind none."""
    model, tokenizer = load_base(folder)
    yield _ask(model, tokenizer, examinees[0], questions, progress, examples=questions.examples)
    shapes = bases.linear_shapes(folder)
    for each in examinees:
        adapter, name = each.packaged.adapter, each.packaged.base.name
        check_fit(adapter, shapes, base=name)
        with attached(model, adapter, base=name) as expert:
            yield _ask(expert, tokenizer, each, questions, progress)


def _ask(
    model: Model, tokenizer: PreTrainedTokenizerBase, examinee: Examinee, questions: Questions, progress: Progress,
    *, examples: Sequence[Item] = (),
) -> Arm:  # fmt: skip
    """One arm, asked as its package says, behind worked examples."""
    asked, base = examinee.asked, examinee.packaged.base.name
    template = open_template(asked.prompt_template, tokenizer, own=asked.custom_template, base=base)
    decoding = Decoding(
        end=end_token(template, tokenizer),
        max_new_tokens=asked.evaluate.max_new_tokens,
        batch_size=asked.evaluate.batch_size,
    )
    answer = partial(answer_prompts, model, tokenizer, decoding=decoding, answered=progress.advance)
    return run_arm(questions.items, answer, questions.grader, template=template, examples=examples)


def _describe(examinee: Examinee, fresh: Share, *, alpha: float) -> dict[str, Any]:
    found = recheck(examinee.recorded, fresh, alpha=alpha)
    return {
        "package": str(examinee.path),
        "version": examinee.version,
        "content_digest": examinee.packaged.content_digest,
        **_score(fresh),
        "recorded": {"score": examinee.recorded.value, "items": examinee.recorded.items},
        "p_value": found.p_value,
        "regression": found.regression,
    }


def _score(share: Share) -> dict[str, Any]:
    return {"score": share.value, "interval": wilson_interval(share.right, share.items)}


def _share(arm: Arm, metric: str) -> Share:
    right = arm.right(metric)
    return Share(right=sum(right), items=len(right))


def _compare(first: Arm, second: Arm, metric: str, *, alpha: float) -> Difference:
    """How much better the second is; items of one schema are no independent witnesses."""
    groups = [item.group for item in first.items]
    return compare(first.right(metric), second.right(metric), groups, alpha=alpha)
