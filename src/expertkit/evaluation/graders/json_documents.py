"""Grading JSON: an answer is right if it is gold's value, whatever the order of its keys.

Answers come from models and from strangers' experts: they are measured before they are parsed, and
whatever is wrong with one is a verdict, not an error.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from functools import lru_cache
from typing import Any, ClassVar

from jsonschema import Draft202012Validator, SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from expertkit.data.items import Item
from expertkit.evaluation.graders import Grade, Grader

_LONGEST_ANSWER = 4_000  # characters
_MOST_CONTAINERS = 100  # arrays and objects, and so the deepest nesting too
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


def parse_document(text: str) -> Any:
    """The value of one strict JSON document.

    Raises:
        ValueError: It is malformed, repeats a key, holds a number or text that is none, or is too large to look at.
    """
    if len(text) > _LONGEST_ANSWER:
        raise ValueError(f"answer is too long: expected at most {_LONGEST_ANSWER} characters, got {len(text)}")
    containers = text.count("[") + text.count("{")
    if containers > _MOST_CONTAINERS:
        raise ValueError(f"answer is too deep: expected at most {_MOST_CONTAINERS} brackets, got {containers}")
    try:
        value = json.loads(
            text, object_pairs_hook=_read_object, parse_constant=_refuse_constant, parse_float=_read_fraction
        )
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except ValueError as error:
        raise ValueError(f"answer is no JSON document: {error}") from error
    return value


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
        error = next(_validator(item.context).iter_errors(value), None)
    except OverflowError:  # a whole number that no float holds, under multipleOf
        return "not under the schema: a number is out of range"
    except (ValueError, SchemaError, Unresolvable, RecursionError) as fault:
        raise ValueError(f"the context of item {item.id!r} is no JSON Schema: {str(fault)[:_SHOWN]}") from fault
    return None if error is None else f"not under the schema, {error.json_path}: {error.message[:_SHOWN]}"


@lru_cache(maxsize=2048)
def _validator(context: str) -> Any:
    schema = json.loads(context)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, registry=Registry())  # an empty registry fetches nothing over the network


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"key {repeated!r} stands more than once in an object")
    return read


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _read_fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"number {text[:20]} is out of range")
    return number


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
