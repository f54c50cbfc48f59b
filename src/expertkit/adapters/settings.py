"""Checks that the settings of an ``adapter_config.json`` have in common."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from expertkit.errors import FormatError

_FILE = "adapter_config.json"
_WITHOUT_MEANING = frozenset({"inference_mode", "revision"})


def check_fixed(config: Mapping[str, Any], fixed: Mapping[str, Any]) -> None:
    """Return if every setting that has only one supported value has it.

    Raises:
        FormatError: one has another.
    """
    for key, expected in fixed.items():
        if key not in _WITHOUT_MEANING and config.get(key, expected) != expected:
            raise FormatError(f"{_FILE}, {key}: expected {expected!r}, got {config[key]!r}")


def check_number(config: Mapping[str, Any], key: str, *, low: float, high: float, is_whole: bool = False) -> float:
    """A number of ``low`` to ``high``, both included.

    Raises:
        FormatError: it is something else.
    """
    value = config.get(key)
    kinds = {int} if is_whole else {int, float}
    if type(value) not in kinds or not low <= value <= high:  # type: ignore[operator]
        noun = "a whole number" if is_whole else "a number"
        raise FormatError(f"{_FILE}, {key}: expected {noun} in {low}..{high}, got {value!r}")
    return float(value)  # type: ignore[arg-type]


def check_targets(config: Mapping[str, Any], modules: list[str]) -> None:
    """Return if the settings name just these ends of module paths, sorted.

    Raises:
        FormatError: they name others.
    """
    if config.get("target_modules") != modules:
        got = config.get("target_modules")
        raise FormatError(f"{_FILE}, target_modules: expected {', '.join(modules)}, got {got!r}")


def check_patterns(config: Mapping[str, Any], key: str, modules: Container[str]) -> dict[str, Any]:
    """Module path to a positive number of its own; every path must be a module of the adapter.

    Raises:
        FormatError: it is something else.
    """
    found = config.get(key) or {}
    if not isinstance(found, dict) or not all(
        name in modules and type(value) in {int, float} and 0 < value < 1e6 for name, value in found.items()
    ):
        raise FormatError(f"{_FILE}, {key}: expected modules of the adapter with positive numbers, got {found!r}")
    return found


def describe_as(kind: str, *, rank: int | None = None, modules: Sequence[str] = (), tokens: int | None = None) -> str:
    """What an adapter is, in words: its kind, largest rank and modules, or its tokens."""
    if tokens is not None:
        return f"{kind} of {tokens} tokens"
    names = ", ".join(sorted(set(modules)))
    return f"{kind} on {names}" if rank is None else f"{kind} of rank {rank} on {names}"
