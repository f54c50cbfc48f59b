"""Where something stands that a person wrote, and the problems that are found there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from expertkit.errors import Problem, nearest

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands, and the list that its problems go to."""

    file: str
    problems: list[Problem]
    path: str = ""
    """Dotted keys, with ``[n]`` for the n-th entry of a list, from 0."""
    comments: bool = False
    """Whether keys that start with an underscore are free text."""

    def at(self, key: str) -> Place:
        """The value of ``key`` in this one."""
        return self._moved(f"{self.path}.{key}" if self.path else key)

    def entry(self, index: int) -> Place:
        """An entry of this list."""
        return self._moved(f"{self.path}[{index}]")

    def wrong(self, expected: str, got: str, *, known: Iterable[str] = (), word: str | None = None) -> None:
        """Note a problem here; ``known`` are the words that ``word`` may have been meant to be."""
        guess = None if word is None else nearest(word, known)
        self.problems.append(
            Problem(file=self.file, place=self.path, expected=expected, got=got, nearest=guess),
        )

    def _moved(self, path: str) -> Place:
        return Place(self.file, self.problems, path, self.comments)


def show(value: object) -> str:
    """A value as its writer sees it, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
