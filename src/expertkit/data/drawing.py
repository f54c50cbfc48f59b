"""What generators of questions have in common: forms in rotation, no question twice, each of the part it is for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from expertkit.data.items import Item
from expertkit.data.split import Part, part_of

T = TypeVar("T")

MADE_UP_ITEMS, MADE_UP_DOCUMENTS = 0.2, 0.3
"""How often names are made up: among the items of the train part, and among documents."""
_ATTEMPTS = 10_000


class Form(Protocol):
    """A kind of question."""

    @property
    def name(self) -> str:
        """What it is called in items."""


F = TypeVar("F", bound=Form)


Ask = Callable[[random.Random, F, Part, float | None], tuple[str, T]]
"""A question of a form and part, drawn with what it is about, and with such a share of made-up names; None for unseen
ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions(Generic[F, T]):
    """How the items of a domain are drawn."""

    domain: str
    forms: Sequence[F]
    """In the order of their rotation."""
    ask: Ask[F, T]
    make: Callable[[str, F, str, T], Item]
    """The item of an id, a form, a question and what that is about."""

    def draw(self, part: Part, *, count: int, seed: int, unseen: bool) -> Iterator[Item]:
        """Exactly ``count`` items of ``part`` with different questions.

        Args:
            part: every question is one of this part.
            count: how many items; the first of a longer run are those of a shorter one.
            seed: other seeds give other items.
            unseen: take all names and values from the words that no training text holds.

        Raises:
            ValueError: there are not so many different questions.
        """
        rng = random.Random(f"{self.domain} {part} {seed} {unseen}")
        made_up = None if unseen else MADE_UP_ITEMS if part == "train" else 0.0
        asked: set[str] = set()
        for number in range(count):
            form = self.forms[number % len(self.forms)]
            draw = partial(self.ask, rng, form, part, made_up)
            question, about = draw_new(draw, form=form.name, part=part, asked=asked)
            yield self.make(f"{'unseen' if unseen else part}-{number:05}", form, question, about)


def draw_new(draw: Callable[[], tuple[str, T]], *, form: str, part: Part, asked: set[str]) -> tuple[str, T]:
    """What ``draw`` gives, a question and what it is about, once the question is new; it is then among ``asked``.

    Raises:
        ValueError: there is none in many attempts.
    """
    for _ in range(_ATTEMPTS):
        question, about = draw()
        if question not in asked and part_of(question) == part:
            asked.add(question)
            return question, about
    raise ValueError(f"too many items: form {form!r} of part {part!r} has no further question")


def draw_rewording(draw: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """What ``draw`` gives, a question in two wordings, once both belong to the train part."""
    while True:
        worded, plain = draw()
        if part_of(worded) == part_of(plain) == "train":
            return worded, plain
