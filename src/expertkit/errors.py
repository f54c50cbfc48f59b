"""Everything expertkit raises on purpose.

    ExpertError            1   .hint = the next command, or None
    ├── ProblemsError     11   fix these: .problems, all of them at once
    │   ├── ConfigError        params.yaml or a recipe
    │   └── ManifestError      an expert's manifest
    ├── FormatError       11   the file is malformed: .offset, where known
    │   └── UnsupportedError   a form or version that this program does not read
    ├── SignatureError     5   nobody we trust vouches for it
    ├── IntegrityError     5   the bytes changed
    ├── CompatibilityError 4   missing base, or another one than the expert was made for
    ├── DependencyError    3   a program or library is missing
    ├── TrainingError     10   training could not start or finish
    └── PackagingError    12   the package cannot be made, or its expert was refused

A message says what, where, what was expected and what came; the number is the exit status of
``expert-cli``. ``ValueError`` and ``TypeError`` mean a caller's mistake and keep their traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar


class ExpertError(Exception):
    """Root of all errors raised on purpose."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *lines: str, hint: str | None = None) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        """The message, line by line; a line may hold anything, and whoever prints it makes it ``printable``."""
        self.hint = hint
        """The command or change that helps, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to fix in one file."""

    file: str
    place: str
    """Where in the file: a JSON pointer or dotted key; empty for the file as a whole."""
    expected: str
    got: str
    nearest: str | None = None
    """The known key that the unknown one was probably meant to be."""

    def __str__(self) -> str:
        where = f"{self.file}: {self.place}" if self.place else self.file
        guess = f", did you mean {self.nearest!r}?" if self.nearest else ""
        return printable(f"{where}: expected {self.expected}, got {self.got}{guess}")


class ProblemsError(ExpertError):
    """Several problems of a person's input, reported together."""

    exit_code = 11

    def __init__(self, problems: Sequence[Problem], *, hint: str | None = None) -> None:
        super().__init__(*map(str, problems), hint=hint)
        self.problems = tuple(problems)


class ConfigError(ProblemsError):
    """params.yaml or a recipe is wrong."""


class ManifestError(ProblemsError):
    """An expert's manifest is wrong."""


class FormatError(ExpertError):
    """A file is malformed."""

    exit_code = 11

    def __init__(
        self, message: str, *, offset: int | None = None, hint: str | None = None, problem: Problem | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.offset = offset
        """Bytes from the start of the file, where known."""
        self.problem = problem
        """The same as one of a person's input, to be told with others; None where it stands alone."""


class UnsupportedError(FormatError):
    """A file has a form or version that this program does not read."""


class SignatureError(ExpertError):
    """Nobody we trust vouches for it."""

    exit_code = 5


class IntegrityError(ExpertError):
    """The bytes are not the ones that were recorded."""

    exit_code = 5

    def __init__(self, *lines: str, hint: str | None = None, offset: int | None = None) -> None:
        super().__init__(*lines, hint=hint)
        self.offset = offset
        """Where they begin, in bytes from the start of the file, where known."""


class CompatibilityError(ExpertError):
    """A base model is missing or is not the one that is named."""

    exit_code = 4


class DependencyError(ExpertError):
    """A program or library that this command needs is not installed."""

    exit_code = 3


class TrainingError(ExpertError):
    """Training could not start or finish."""

    exit_code = 10


class PackagingError(ExpertError):
    """The package cannot be made, or the gate refused its expert."""

    exit_code = 12


def printable(text: str) -> str:
    """The text on one line of a terminal: whatever would steer it, or not be seen, is shown as its escape."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def nearest(key: str, known: Iterable[str]) -> str | None:
    """The known key closest to ``key``, when one is close."""
    matches = difflib.get_close_matches(key, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None
