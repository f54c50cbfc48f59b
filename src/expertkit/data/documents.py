"""A JSON document as an answer, and whether a JSON Schema allows it: what is learnt is read as it will be graded.

Documents come from models and from strangers: they are measured before they are parsed.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from functools import lru_cache
from typing import Any

_LONGEST = 4_000  # characters
_MOST_CONTAINERS = 100  # arrays and objects, and so the deepest nesting too
_SHOWN = 200  # characters of a message of others


def parse_document(text: str) -> Any:
    """The value of one strict JSON document.

    Raises:
        ValueError: It is malformed, repeats a key, holds a number or text that is none, or is too large to look at.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"answer is too long: expected at most {_LONGEST} characters, got {len(text)}")
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


def find_fault(schema: str, value: Any) -> str | None:
    """Why the JSON Schema in a text does not allow a value, or None where it does.

    Raises:
        ValueError: it is no JSON Schema.
    """
    from jsonschema import SchemaError
    from referencing.exceptions import Unresolvable

    try:
        error = next(_validator(schema).iter_errors(value), None)
    except OverflowError:  # a whole number that no float holds, under multipleOf
        return "not under the schema: a number is out of range"
    except (ValueError, SchemaError, Unresolvable, RecursionError) as fault:
        raise ValueError(f"no JSON Schema: {str(fault)[:_SHOWN]}") from fault
    return None if error is None else f"not under the schema, {error.json_path}: {error.message[:_SHOWN]}"


@lru_cache(maxsize=2048)
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    value = json.loads(schema)
    Draft202012Validator.check_schema(value)
    return Draft202012Validator(value, registry=Registry())  # an empty registry fetches nothing over the network


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
