"""One arm of a comparison: a model asked the items in one way, its answers graded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from expertkit.data.items import Item
from expertkit.data.prompt import Template, Turn, render
from expertkit.evaluation.graders import Grade, Grader

Answer = Callable[[Sequence[str]], list[str]]
"""Answers one text per prompt, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What a model answered to the items, and how that was graded."""

    items: tuple[Item, ...]
    answers: tuple[str, ...]
    grades: tuple[Grade, ...]

    def right(self, metric: str) -> list[bool]:
        """Item by item, whether the answer is right by that metric."""
        return [bool(grade.scores[metric]) for grade in self.grades]

    def score(self, metric: str) -> float:
        """Share of right answers; 0 when there are no items."""
        return sum(self.right(metric)) / len(self.items) if self.items else 0.0


def run_arm(
    items: Sequence[Item], answer: Answer, grader: Grader, *, template: Template, examples: Sequence[Item] = ()
) -> Arm:
    """Ask every item behind the same worked examples and grade what comes back."""
    shown = [_turn(example) for example in examples]
    prompts = [render(template, Turn(question=item.question, context=item.context), examples=shown) for item in items]
    answers = answer(prompts)
    grades = grader.grade_all(items, answers)
    return Arm(items=tuple(items), answers=tuple(answers), grades=tuple(grades))


def _turn(item: Item) -> Turn:
    return Turn(question=item.question, context=item.context, answer=item.answer)
