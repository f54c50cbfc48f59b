"""JSON as it is written by hand or by strangers, read without mercy: one meaning for everyone, or an error."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, NoReturn

from expertkit.errors import FormatError, Problem
from expertkit.fields import Place

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
_MAX_INT = 2**53 - 1
_SHOWN = 100
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*+"|[^\s\[\]{},:"]+', re.DOTALL)
_KEY_OR_SIGN = re.compile(r'("(?:[^"\\]|\\.)*+")[ \t\r\n]*+(:?)|[\[\]{},]', re.DOTALL)
"""A text, with the colon after it where it is a key; or what separates."""
_BOM = b"\xef\xbb\xbf"


def loads(
    data: bytes, *, file: str, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH,
    repeated: list[Problem] | None = None,
) -> Any:  # fmt: skip
    """The value of a JSON text.

    Args:
        data: UTF-8 without a byte order mark.
        file: what the text is called in messages.
        max_bytes: longest text that is read at all.
        max_depth: most objects and lists inside one another.
        repeated: where given, keys that are there again are noted here, each at its JSON pointer; the last one counts.

    Raises:
        FormatError: it is too long, too deep, not JSON, repeats keys, or holds a number or text that
            others would read as something else (NaN, integers beyond 2^53 - 1, lone surrogates).
    """
    if len(data) > max_bytes:
        _refuse(file, f"at most {max_bytes} bytes", f"{len(data)} or more", offset=max_bytes)
    text = _decode(data, file)
    _check_depth(data, file, max_depth)
    value, has_repeats = _parse(text, file)
    again = list(_repeats(text, file)) if has_repeats else []
    if again and repeated is None:
        raise FormatError("\n".join(map(str, again)), problem=again[0])
    if repeated is not None:
        repeated += again
    return value


def _decode(data: bytes, file: str) -> str:
    if data.startswith(_BOM):
        _refuse(file, "UTF-8 without a byte order mark", "one", offset=0)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        _refuse(file, "UTF-8", error.reason, before=data[: error.start].decode(), cause=error)
    lone = next(_lone_surrogates(text), None)
    if lone is not None:
        _refuse(file, "whole characters", f"a lone surrogate {lone[1]}", before=text[: lone.start()])
    return text


def _lone_surrogates(text: str) -> Iterator[re.Match[str]]:
    r"""Escapes ``\udXXX`` that are not one half of a pair."""
    pair = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    for match in re.finditer(rf"\\\\|{pair}|(\\u[dD][89a-fA-F][0-9a-fA-F]{{2}})", text):
        if match[1]:
            yield match


def _check_depth(data: bytes, file: str, max_depth: int) -> None:
    """Count brackets before parsing, because the parser itself recurses."""
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(match[0], 0)
        if depth > max_depth:
            _refuse(file, f"at most {max_depth} levels", "more", before=data[: match.start()].decode())


def _parse(text: str, file: str) -> tuple[Any, bool]:
    """The value, and whether an object in it has a key more than once."""
    shorter: list[bool] = []

    def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        shorter.append(len(result) < len(pairs))
        return result

    def refuse(expected: str, word: str) -> NoReturn:
        words = (match.start() for match in _WORD.finditer(text) if match[0] == word)
        at = next(words, text.find(word))  # what follows a number without a sign between is part of the word
        _refuse(file, expected, word, before=text[:at])

    def read_int(digits: str) -> int:
        value = int(digits) if len(digits) < 20 else _MAX_INT + 1
        return value if abs(value) <= _MAX_INT else refuse("an integer within ±(2^53 - 1)", digits)

    def read_float(digits: str) -> float:
        value = float(digits)
        return value if abs(value) != float("inf") else refuse("a finite number", digits)

    try:
        value = json.loads(
            text, object_pairs_hook=read_object, parse_int=read_int, parse_float=read_float,
            parse_constant=lambda word: refuse("a number", word),
        )  # fmt: skip
    except json.JSONDecodeError as error:
        _refuse(file, "JSON", f"something else ({error.msg.lower()})", before=text[: error.pos], cause=error)
    return value, any(shorter)


def _repeats(text: str, file: str) -> Iterator[Problem]:
    """Each key that its object has already, in a text that is JSON."""
    outer: list[tuple[set[str], str | int]] = []
    seen: set[str] = set()  # the keys of the object that is open; in a list none
    step: str | int = 0  # the key or index whose value is read
    ends = _line_ends(text)
    for match in _KEY_OR_SIGN.finditer(text):
        if match[2]:
            step = str(json.loads(match[1]))
            if step in seen:
                got = f"{_short(repr(step))} twice, again on {_position(ends, match.start())}"
                place = _place(file, [*(each for _seen, each in outer[1:]), step])
                yield Problem(file=file, place=place.path, expected="each key once in an object", got=got)
            seen.add(step)
        elif match[0] in {"{", "["}:
            outer.append((seen, step))
            seen, step = set(), 0
        elif match[0] in {"}", "]"}:
            seen, step = outer.pop()
        elif match[0] == "," and isinstance(step, int):
            step += 1


def _place(file: str, steps: list[str | int]) -> Place:
    place = Place(file, [], is_json=True)
    for step in steps:
        place = place.at(step) if isinstance(step, str) else place.entry(step)
    return place


def _line_ends(text: str) -> list[int]:
    """Where each line ends, after the one before the first."""
    return [-1, *(match.start() for match in re.finditer("\n", text))]


def _position(ends: list[int], at: int) -> str:
    """Line and column, both from 1, of a character."""
    line = bisect_left(ends, at)
    return f"line {line} column {at - ends[line - 1]}"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _refuse(
    file: str, expected: str, got: str, *,
    before: str | None = None, offset: int | None = None, cause: Exception | None = None,
) -> NoReturn:  # fmt: skip
    """Raise for what comes after ``before``, or stands at ``offset``."""
    where = "" if before is None else f" on {_position(_line_ends(before), len(before))}"
    problem = Problem(file=file, place="", expected=expected, got=f"{_short(got)}{where}")
    at = offset if before is None else len(before.encode())
    raise FormatError(str(problem), offset=at, problem=problem) from cause
