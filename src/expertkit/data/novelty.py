"""Questions that nobody asked yet, of the part that they are for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from expertkit.data.split import Part, part_of

T = TypeVar("T")

_ATTEMPTS = 10_000


def draw_new(draw: Callable[[], tuple[str, T]], *, form: str, part: Part, asked: set[str]) -> tuple[str, T]:
    """What ``draw`` gives, a question and what it is about, once the question is new; it is then among ``asked``.

    Raises:
        ValueError: There is none in many attempts.
    """
    for _ in range(_ATTEMPTS):
        question, about = draw()
        if question not in asked and part_of(question) == part:
            asked.add(question)
            return question, about
    raise ValueError(f"too many items: form {form!r} of part {part!r} has no further question")
