"""Items that cannot tell a right answer from a wrong one: nobody's score may rest on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from expertkit.data.items import Item
from expertkit.evaluation.graders import Grader

_SHOWN = 200  # characters of a problem


def find_ambiguous(items: Iterable[Item], grader: Grader) -> dict[str, str]:
    """Why an item cannot be judged by its own answer, by the id of each such item, in their order."""
    every = list(items)
    wrong = _wrong_gold(every, grader)
    sound = [item for item in every if item.id not in wrong]
    empty = {item.id: "its own answer is empty on every trial" for item in sound if grader.is_empty(item)}
    found = {**wrong, **empty, **dict(_contradictions(sound, grader))}
    return {item.id: found[item.id] for item in every if item.id in found}


def _wrong_gold(items: Sequence[Item], grader: Grader) -> Mapping[str, str]:
    """The items whose own answer is not graded right; looked at one by one only where one of them cannot be graded."""
    try:
        grades = grader.grade_all(items, [item.answer for item in items])
    except ValueError:
        return {item.id: problem for item in items if (problem := _find_problem(item, grader))}
    judged = zip(items, grades, strict=True)
    return {item.id: _say(grade.problem) for item, grade in judged if not all(grade.scores.values())}


def _find_problem(item: Item, grader: Grader) -> str | None:
    try:
        grade = grader.grade(item, item.answer)
    except ValueError as error:
        return _say(str(error))
    return None if all(grade.scores.values()) else _say(grade.problem)


def _say(problem: str | None) -> str:
    return f"its own answer is graded wrong: {problem or 'no reason given'}"[:_SHOWN]


def _contradictions(items: Sequence[Item], grader: Grader) -> Iterator[tuple[str, str]]:
    """The items that ask what another one asks, whose answer would be wrong here."""
    asked: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        asked.setdefault((item.question, item.context), []).append(item)
    for rivals in asked.values():
        for item in rivals:
            other = next((each for each in rivals if _contradicts(each, item, grader)), None)
            if other is not None:
                yield item.id, f"{other.id} asks the same and has another answer"


def _contradicts(other: Item, item: Item, grader: Grader) -> bool:
    """Whether two items cannot both be right; other words for the same are no contradiction."""
    return other.answer != item.answer and not grader.grade(item, other.answer).scores[grader.metrics[0]]
