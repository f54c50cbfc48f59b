"""Where something stands that a person wrote, and the problems that are found there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from expertkit.errors import Problem, nearest

_SHOWN = 60
_MOST_GUESSES = 50
_LONGEST_GUESSED = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands, and the lists that its problems go to."""

    file: str
    problems: list[Problem]
    path: str = ""
    """Dotted keys, with ``[n]`` for the n-th entry of a list, from 0; in JSON a pointer (RFC 6901)."""
    is_json: bool = False
    """Whether the file is JSON, where keys that start with an underscore are comments."""
    warnings: list[Problem] | None = None
    """What is put up with in older files goes here; None where nothing is put up with."""

    def at(self, *keys: str) -> Place:
        """The value of a key in this one, or of a key in that, and so on."""
        place = self
        for key in keys:
            place = place._moved(f"/{_escape(key)}" if self.is_json else f".{key}" if place.path else key)
        return place

    def entry(self, index: int) -> Place:
        """An entry of this list."""
        return self._moved(f"/{index}" if self.is_json else f"[{index}]")

    def mark(self) -> int:
        """How far the problems have come; ``is_sound_since`` asks what was added after it."""
        return len(self.problems)

    def is_sound_since(self, mark: int) -> bool:
        """Whether nothing was wrong since ``mark``, here or at any place that shares the list."""
        return len(self.problems) == mark

    def wrong(self, expected: str, got: str, *, known: Iterable[str] = (), word: str | None = None) -> None:
        """Note a problem here; ``known`` are the words that ``word`` may have been meant to be."""
        self.problems.append(self._problem(expected, got, known, word))

    def deviates(self, expected: str, got: str, *, known: Iterable[str] = (), word: str | None = None) -> bool:
        """Note what older files had here: a warning, which is True, or where nothing is put up with a problem."""
        tolerated = self.warnings is not None
        (self.problems if self.warnings is None else self.warnings).append(self._problem(expected, got, known, word))
        return tolerated

    def guess(self, word: str, known: Iterable[str]) -> str | None:
        """What a word was probably meant to be; none for what nobody typed: long words, and the next of very many."""
        told = len(self.problems) + len(self.warnings or ())
        return nearest(word, known) if len(word) <= _LONGEST_GUESSED and told < _MOST_GUESSES else None

    def _problem(self, expected: str, got: str, known: Iterable[str], word: str | None) -> Problem:
        guess = None if word is None else self.guess(word, known)
        return Problem(file=self.file, place=self.path, expected=expected, got=got, nearest=guess)

    def _moved(self, step: str) -> Place:
        return Place(self.file, self.problems, self.path + step, self.is_json, self.warnings)


def show(value: object) -> str:
    """A value as its writer sees it, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
