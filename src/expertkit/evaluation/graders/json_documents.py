"""Grading JSON: an answer is right if it is gold's value, whatever the order of its keys.

Answers come from models and from strangers' experts: they are measured before they are parsed, and
whatever is wrong with one is a verdict, not an error.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from expertkit.data.documents import find_fault, parse_document
from expertkit.data.items import Item
from expertkit.evaluation.graders import Grade, Grader

_SHOWN = 200  # characters of a value in a message


class JsonGrader(Grader):
    """Compares answers with gold answers, and validates them under the JSON Schemas of their items."""

    metrics: ClassVar[tuple[str, ...]] = ("equal", "valid")
    """Whether the value is gold's, and whether the answer is strict JSON that its schema allows."""

    def grade(self, item: Item, answer: str) -> Grade:
        """The verdicts on ``answer``.

        Raises:
            ValueError: The item's own answer is no JSON, or its context is no JSON Schema: not the answer's fault.
        """
        gold = _read_gold(item)
        try:
            value = parse_document(answer)
        except ValueError as error:
            return Grade(scores={"equal": False, "valid": False}, problem=str(error))
        invalid = _find_schema_problem(item, value) if item.context else None
        equal = same_value(gold, value)
        unequal = None if equal else f"wrong value: expected {_show(gold)}, got {_show(value)}"
        return Grade(scores={"equal": equal, "valid": invalid is None}, problem=invalid or unequal)


def same_value(first: Any, second: Any) -> bool:
    """Whether two parsed documents are one value: true is not 1, 1 is 1.0, keys come in any order."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same_value(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(same_value, first, second))
    return bool(first == second)


def _read_gold(item: Item) -> Any:
    try:
        return parse_document(item.answer)
    except ValueError as error:
        raise ValueError(f"the gold answer of item {item.id!r}: {error}") from error


def _find_schema_problem(item: Item, value: Any) -> str | None:
    try:
        return find_fault(item.context, value)
    except ValueError as fault:
        raise ValueError(f"the context of item {item.id!r} is {fault}") from fault


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
