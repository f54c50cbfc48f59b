"""Answers that were recorded at evaluation, so that whoever has a package can ask for them again: ``replay.jsonl``.

One JSON object a line. Only what was asked and answered is told, not how: that say the package's manifest and recipe.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Annotated

from expertkit import strict_json
from expertkit.errors import FormatError, Problem
from expertkit.fields import Place, Range, read

MOST = 64
"""Answers that may be recorded."""
_MAX_BYTES = 1 << 20
_END = b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A question and what the expert answered to it."""

    id: str
    """Of the item."""
    question: str
    context: str
    answer: str
    """As text."""
    tokens: tuple[Annotated[int, Range(0)], ...]
    """The same as ids of the base's tokens, without the end token."""


def dump_recorded(answers: Iterable[Recorded]) -> bytes:
    """The bytes of ``replay.jsonl``."""
    return "".join(f"{json.dumps(asdict(each), ensure_ascii=False)}\n" for each in answers).encode()


def parse_recorded(data: bytes, *, file: str) -> tuple[Recorded, ...]:
    """The answers, in the order in which they were asked.

    Raises:
        FormatError: it is too long, or a line is no recorded answer; all such lines are told.
    """
    lines = data.split(_END)
    if len(data) > _MAX_BYTES or not 1 < len(lines) <= MOST + 1 or lines.pop():
        got = f"{len(data)} bytes, {data.count(_END)} ends of lines"
        raise FormatError(f"{file}: expected 1 to {MOST} lines of at most {_MAX_BYTES} bytes in all, got {got}")
    problems: list[Problem] = []
    places = [Place(f"{file}, line {at}", problems) for at in range(1, len(lines) + 1)]
    answers = [
        read(Recorded, strict_json.loads(line, file=place.file), place)
        for line, place in zip(lines, places, strict=True)
    ]
    if problems:
        raise FormatError("\n".join(map(str, problems)))
    return tuple(answer for answer in answers if answer is not None)
