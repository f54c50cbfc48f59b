"""The exam: what base and expert are both asked, and how their answers are graded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from pathlib import Path

from expertkit import layout
from expertkit.data.items import Item, read_items
from expertkit.data.prompt import Template
from expertkit.errors import FormatError
from expertkit.evaluation.ambiguity import find_ambiguous
from expertkit.evaluation.arm import Answer, Arm, run_arm
from expertkit.evaluation.graders import Grader, open_grader
from expertkit.files import read_json
from expertkit.recipes import EvaluateConfig, Recipe

_PARTS = ("dev", "test", "unseen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """Questions with their grader, the same for whoever answers."""

    items: Mapping[str, tuple[Item, ...]]
    """By part: dev, test and unseen."""
    examples: tuple[Item, ...]
    """Items of the train part to show a base, the forms in turn."""
    grader: Grader
    template: Template
    """How a question is put."""
    ambiguous: Mapping[str, str] = field(default_factory=dict)
    """Why an item was left out of its part, by its id."""

    def take(self, part: str, answer: Answer, *, shots: int = 0) -> Arm:
        """Ask every item of a part behind ``shots`` worked examples, and grade the answers."""
        return run_arm(self.items[part], answer, self.grader, template=self.template, examples=self.examples[:shots])


def read_exam(data: Path, recipe: Recipe, template: Template) -> Exam:
    """The exam that a recipe asks for, from the folder of its expert's data, without the items that are ambiguous.

    Raises:
        FormatError: every test item is ambiguous.
    """
    grader = open_grader(recipe.evaluate.grader, data)
    every = {part: tuple(read_items(data / f"{part}.jsonl")) for part in _PARTS}
    ambiguous = find_ambiguous(chain.from_iterable(every.values()), grader)
    items = {part: tuple(item for item in every[part] if item.id not in ambiguous) for part in _PARTS}
    if not items["test"]:
        first = next(iter(ambiguous.values()), "there are none")
        raise FormatError(f"{data / layout.TEST}: expected items that can be judged, got none: {first}")
    return Exam(
        items=items,
        examples=in_turn(read_items(data / "train.jsonl"), max(recipe.evaluate.shots)),
        grader=grader,
        template=template,
        ambiguous=ambiguous,
    )


def best_shots(exam: Exam, answer: Answer, counts: Sequence[int]) -> int:
    """The number of worked examples, as far as there are so many, that serves best on dev; the smallest of equals."""
    metric = exam.grader.metrics[0]
    scores = {count: exam.take("dev", answer, shots=count).score(metric) for count in counts}
    best = max(counts, key=lambda count: (scores[count], -count))
    return min(best, len(exam.examples))


def count_questions(data: Path, config: EvaluateConfig, *, others: int) -> int:
    """How many answers an exam asks for at most: of base and expert, and of ``others`` who are asked the test alone."""
    sizes = read_json(data / layout.SUMMARY)["counts"]
    test, unseen = int(sizes["test"]), int(sizes["unseen"])
    return len(config.shots) * int(sizes["dev"]) + 2 * (test + unseen) + (others + _more_answers(config)) * test


def _more_answers(config: EvaluateConfig) -> int:
    """To each test item, beside the ones that are compared."""
    return (config.samples.count if config.samples else 0) + config.constrained


def in_turn(items: Iterable[Item], count: int) -> tuple[Item, ...]:
    """The first ``count`` items, one of each form before a second of any."""
    by_form: dict[str, list[Item]] = {}
    for item in items:
        by_form.setdefault(item.form, []).append(item)
    rounds = chain.from_iterable(zip_longest(*by_form.values()))
    return tuple(islice((item for item in rounds if item is not None), count))
