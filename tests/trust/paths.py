"""The ways by which a package comes in, each one command; whatever takes packages in later is one more line here."""

from __future__ import annotations

from dataclasses import dataclass

from tests.packages.builders import RECIPE
from tests.trust.conditions import NAME

_PACKAGE = f"build/signed/{RECIPE.key}/{NAME}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A command that takes a package in."""

    words: tuple[str, ...]
    """What is typed after ``expert-cli``, in the project."""
    says: str
    """What it prints of a good package."""


PATHS: dict[str, Way] = {
    "verify": Way(words=("verify", _PACKAGE), says="verdict     accepted; remembered as seen"),
    "open": Way(words=("unpack", _PACKAGE, "out"), says=f"members of {_PACKAGE}"),
    "convert": Way(words=("convert", _PACKAGE, "--output", "converted"), says=f"equal to {_PACKAGE}"),
    "package": Way(words=("release",), says=f"expert-cli verify dist/{NAME}"),
    "promote": Way(words=("promote",), says="promoted, content digest"),
}
"""By what is done with a package: looked at, opened, converted, put into a release, made the released one."""
