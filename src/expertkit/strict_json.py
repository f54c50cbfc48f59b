"""JSON as it is written by hand or by strangers, read without mercy: one meaning for everyone, or an error."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

from expertkit.errors import FormatError, Problem

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
_MAX_INT = 2**53 - 1
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_BOM = b"\xef\xbb\xbf"


def loads(
    data: bytes, *, file: str, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH,
    repeated_comments: list[Problem] | None = None,
) -> Any:  # fmt: skip
    """The value of a JSON text.

    Args:
        data: UTF-8 without a byte order mark.
        file: what the text is called in messages.
        max_bytes: longest text that is read at all.
        max_depth: most objects and lists inside one another.
        repeated_comments: where given, a key that starts with an underscore may be there twice, and is noted here.

    Raises:
        FormatError: it is too long, too deep, not JSON, repeats a key, or holds a number or text that
            others would read as something else (NaN, integers beyond 2^53 - 1, lone surrogates).
    """
    if len(data) > max_bytes:
        _refuse(file, f"at most {max_bytes} bytes", f"{len(data)} or more", offset=max_bytes)
    text = _decode(data, file)
    _check_depth(data, file, max_depth)
    try:
        return json.loads(
            text,
            object_pairs_hook=lambda pairs: _object(pairs, file, repeated_comments),
            parse_constant=lambda word: _refuse(file, "a number", word),
            parse_int=lambda digits: _number(int(digits) if len(digits) < 20 else _MAX_INT + 1, digits, file),
            parse_float=lambda digits: _number(float(digits), digits, file),
        )
    except json.JSONDecodeError as error:
        got = f"something else on line {error.lineno} column {error.colno} ({error.msg.lower()})"
        _refuse(file, "JSON", got, offset=len(text[: error.pos].encode()), cause=error)


def _decode(data: bytes, file: str) -> str:
    if data.startswith(_BOM):
        _refuse(file, "UTF-8 without a byte order mark", "one", offset=0)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        _refuse(file, "UTF-8", error.reason, offset=error.start, cause=error)
    lone = next(_lone_surrogates(text), None)
    if lone is not None:
        _refuse(file, "whole characters", f"a lone surrogate {lone}")
    return text


def _lone_surrogates(text: str) -> Iterator[str]:
    r"""Escapes ``\udXXX`` that are not one half of a pair."""
    pair = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    for match in re.finditer(rf"\\\\|{pair}|(\\u[dD][89a-fA-F][0-9a-fA-F]{{2}})", text):
        if match[1]:
            yield match[1]


def _check_depth(data: bytes, file: str, max_depth: int) -> None:
    """Count brackets before parsing, because the parser itself recurses."""
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(match[0], 0)
        if depth > max_depth:
            _refuse(file, f"at most {max_depth} levels", "more", offset=match.start())


def _object(pairs: list[tuple[str, Any]], file: str, comments: list[Problem] | None) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        for key in sorted(key for key, times in Counter(key for key, _value in pairs).items() if times > 1):
            if comments is None or not key.startswith("_"):
                _refuse(file, "each key once in an object", f"{key!r} twice")
            comments.append(Problem(file=file, place="", expected="each key once in an object", got=f"{key!r} twice"))
    return result


def _number(value: float, digits: str, file: str) -> float:
    if isinstance(value, int) and abs(value) > _MAX_INT:
        _refuse(file, "an integer within ±(2^53 - 1)", digits)
    if value in (float("inf"), float("-inf")):
        _refuse(file, "a finite number", digits)
    return value


def _refuse(
    file: str, expected: str, got: str, *, offset: int | None = None, cause: Exception | None = None
) -> NoReturn:
    problem = Problem(file=file, place="", expected=expected, got=got if len(got) <= 100 else f"{got[:100]}…")
    raise FormatError(str(problem), offset=offset, problem=problem) from cause
