"""Recorded answers are read as they were written, and nothing else is taken for them."""

from __future__ import annotations

import pytest

from expertkit.errors import FormatError
from expertkit.recorded import MOST, Recorded, dump_recorded, parse_recorded

ANSWER = Recorded(id="a", question="list Größe\nand more", context="", answer="SELECT größe", tokens=(3, 0, 1999))


def test_what_was_written_is_read() -> None:
    """Texts in any letters and over several lines, token by token."""
    answers = (ANSWER, Recorded(id="b", question="q", context="c", answer="", tokens=()))

    assert parse_recorded(dump_recorded(answers), file="replay.jsonl") == answers


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "expected 1 to 64 lines"),
        (dump_recorded([ANSWER])[:-1], "expected 1 to 64 lines"),
        (dump_recorded([ANSWER] * (MOST + 1)), "expected 1 to 64 lines"),
        (b'{"id": "' + b"a" * (1 << 20) + b'"}\n', "1048576 bytes"),
        (dump_recorded([ANSWER]) + b"\n", "line 2"),
        (b"[]\n", "line 1"),
    ],
    ids=["empty", "cut short", "too many", "too long", "an empty line", "no object"],
)
def test_anything_else_is_refused(data: bytes, said: str) -> None:
    """Too little, too much, or no JSON object a line."""
    with pytest.raises(FormatError, match=said):
        parse_recorded(data, file="replay.jsonl")


def test_every_wrong_line_is_told() -> None:
    """With what was expected in its place."""
    lines = [b'{"id": "a", "question": "q", "context": "c", "answer": "a", "tokens": [-1], "more": 1}', b'{"id": 1}']

    with pytest.raises(FormatError) as refusal:
        parse_recorded(b"\n".join([*lines, b""]), file="x")

    told = str(refusal.value)
    for piece in ("x, line 1: tokens", "at least 0", "'more'", "x, line 2: id", "x, line 2: tokens"):
        assert piece.strip("'") in told
