"""Whether an answer is one SQL query, as sqlglot reads SQLite's dialect, in bounded work.

sqlglot's parser goes back and tries again, and a short text can make it do so for hours: twenty joins without
a condition are enough. What it may do is counted in function calls, not in seconds, so that an answer gets
the same verdict on every computer.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

logging.getLogger("sqlglot").addHandler(logging.NullHandler())  # odd answers are graded, not warned about

_LONGEST_ANSWER = 4_000  # characters
_MOST_CALLS = 500_000  # calls and returns; an ordinary query of 3,400 characters takes 150,000


class _TooMuchWorkError(Exception):
    """The parser was stopped."""


def find_parse_problem(answer: str) -> str | None:
    """Why the answer is not exactly one query, or None if it is one."""
    try:
        statements = _parse(answer)
    except ValueError as error:
        return str(error)
    if len(statements) != 1:
        return f"expected one query, got {len(statements)} statements"
    if not isinstance(statements[0], exp.Select | exp.SetOperation):
        return f"expected a SELECT, got {statements[0].key.upper()}"
    return None


def is_ordered(query: str) -> bool:
    """Whether the outermost query says in what order its rows come."""
    return "ORDER BY" in query.upper() and sqlglot.parse_one(query, read="sqlite").args.get("order") is not None


def _parse(answer: str) -> list[exp.Expr]:
    """The statements of an answer.

    Raises:
        ValueError: it is none, or too much work to read.
    """
    if len(answer) > _LONGEST_ANSWER:
        raise ValueError(f"answer is too long: expected at most {_LONGEST_ANSWER} characters, got {len(answer)}")
    try:
        with _limited(_MOST_CALLS):
            return [statement for statement in sqlglot.parse(answer, read="sqlite") if statement]
    except SqlglotError as error:
        raise ValueError(f"answer does not parse: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise ValueError("answer does not parse: nested too deeply") from error
    except _TooMuchWorkError as error:
        raise ValueError("answer does not parse: it has too many readings") from error


@contextmanager
def _limited(calls: int) -> Iterator[None]:
    """Stop the block after so many calls and returns of Python functions."""
    left = calls

    def count(_frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise _TooMuchWorkError

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
