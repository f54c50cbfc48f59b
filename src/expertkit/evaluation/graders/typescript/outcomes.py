"""Comparing what calls returned with what they should, as JSON values.

What calls returned was written by a process that may have run anything: it is read as what a stranger says.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from expertkit.evaluation.graders.typescript.worker import Lost

_SHOWN = 200  # characters of what is shown to a person
_UNDEFINED = object()
_TOLERANCE = 1e-9  # relative; a mean may be computed in more than one order


def find_wrong_call(calls: Sequence[Mapping[str, Any]], result: Any) -> str | None:
    """Which call returned something else than it should, and what; None where all are right."""
    match result:
        case Lost(reason=reason):
            return reason
        case {"outcomes": str(text)}:
            return _find_difference(calls, _read(text))
        case {"problem": str(problem)}:
            return problem[:_SHOWN]
        case _:
            return "no outcomes"


def _read(text: str) -> list[Any]:
    try:
        outcomes = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return outcomes if isinstance(outcomes, list) else []


def _find_difference(calls: Sequence[Mapping[str, Any]], outcomes: Sequence[Any]) -> str | None:
    if len(outcomes) != len(calls):
        return f"expected {len(calls)} outcomes, got {len(outcomes)}"
    differences = (_differ(call, outcome) for call, outcome in zip(calls, outcomes, strict=True))
    return next((f"call {number}: {said}" for number, said in enumerate(differences, start=1) if said), None)


def _differ(call: Mapping[str, Any], outcome: Any) -> str | None:
    if not isinstance(outcome, dict) or "problem" in outcome:
        return str(outcome.get("problem") if isinstance(outcome, dict) else "no outcome")[:_SHOWN]
    expected, got = (said.get("returns", _UNDEFINED) for said in (call, outcome))
    if not same_value(expected, got):
        return f"expected {_show(expected)}, got {_show(got)}"
    return None if same_value(call["argument"], outcome.get("argument")) else "changes its argument"


def same_value(expected: Any, got: Any) -> bool:
    """Whether both are one value: true is not 1, keys come in any order, floats are equal within a tolerance."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return math.isclose(expected, got, rel_tol=_TOLERANCE)
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(same_value(expected[key], got[key]) for key in expected)
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(same_value, expected, got))
    return type(expected) is type(got) and bool(expected == got)


def _show(value: Any) -> str:
    text = "undefined" if value is _UNDEFINED else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
