"""PKCS#11 URIs (RFC 7512): which key of which token, and what opens the token.

    pkcs11:token=release;object=publisher?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin

The grammar is read strictly and nothing is passed over. A PIN in the URI itself is refused: others see command lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from expertkit.errors import Problem, ProblemsError, nearest

SCHEME = "pkcs11:"
_FILE = "PKCS#11 URI"
_PATH = ("token", "serial", "manufacturer", "model", "slot-id", "object", "id", "type")
_QUERY = ("module-path", "pin-source")
_COMMON = r"(?:[A-Za-z0-9._~:\[\]@!$'()*+,=-]|%[0-9A-Fa-f]{2}"
_VALUES = {"path": re.compile(rf"{_COMMON}|&)+"), "query": re.compile(rf"{_COMMON}|[/?|])+")}
_LARGEST_SLOT = 2**64 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Uri:
    """A key in a token; what is None is not asked for."""

    text: str
    """As it was given."""
    module: Path
    """The library that speaks to the token."""
    token: str | None
    serial: str | None
    manufacturer: str | None
    model: str | None
    slot: int | None
    label: str | None
    id: bytes | None
    pin_source: Path | None
    """The file whose first line is the PIN."""

    def __str__(self) -> str:
        return self.text


def parse(text: str) -> Uri:
    """The key that a URI names.

    Raises:
        ProblemsError: everything that is wrong with it.
    """
    path, question, query = text[len(SCHEME) :].partition("?")
    problems: list[Problem] = []
    if not text.lower().startswith(SCHEME):
        raise ProblemsError([_problem("", f"{SCHEME} at its beginning", "something else")])
    where = _attributes(path, separator=";", kind="path", known=_PATH, problems=problems)
    how = _attributes(query, separator="&", kind="query", known=_QUERY, problems=problems) if question else {}
    texts = {name: _text(name, value, problems) for name, value in {**where, **how}.items() if name != "id"}
    _check_key(where, texts, problems)
    module = _absolute("module-path", texts.get("module-path"), problems)
    pin = _file("pin-source", texts.get("pin-source"), problems)
    slot = _number("slot-id", texts.get("slot-id"), problems)
    if module is None and "module-path" not in how:
        problems.append(_problem("module-path", "the absolute path of a PKCS#11 library", "none"))
    if problems or module is None:
        raise ProblemsError(problems, hint="pkcs11:token=NAME;object=NAME?module-path=/PATH.so&pin-source=file:/PATH")
    return Uri(
        text=text, module=module, token=texts.get("token"), serial=texts.get("serial"),
        manufacturer=texts.get("manufacturer"), model=texts.get("model"), slot=slot, label=texts.get("object"),
        id=where.get("id"), pin_source=pin,
    )  # fmt: skip


def _attributes(
    text: str, *, separator: str, kind: str, known: Sequence[str], problems: list[Problem]
) -> dict[str, bytes]:  # fmt: skip
    """Names and decoded values of one half of the URI."""
    found: dict[str, bytes] = {}
    for part in text.split(separator):
        name, equals, value = part.partition("=")
        if name == "pin-value":
            problems.append(_problem(name, "pin-source=file:/PATH, as others see command lines", "a PIN"))
        elif name not in known or not equals:
            guess = nearest(name, known)
            expected = f"NAME=VALUE with one of {', '.join(known)} in the {kind}"
            problems.append(_problem("", expected, repr(name), guess=guess if guess != name else None))
        elif name in found:
            problems.append(_problem(name, "it once", "it again"))
        elif not _VALUES[kind].fullmatch(value):
            problems.append(_problem(name, "letters, digits and %XX, at least one", repr(value)))
        else:
            found[name] = unquote_to_bytes(value)
    return found


def _check_key(where: Mapping[str, bytes], texts: Mapping[str, str], problems: list[Problem]) -> None:
    if "object" not in where and "id" not in where:
        problems.append(_problem("", "object or id, which name the key", "neither"))
    if texts.get("type", "private") != "private":
        problems.append(_problem("type", "private", repr(texts["type"])))


def _text(name: str, value: bytes, problems: list[Problem]) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        problems.append(_problem(name, "UTF-8", repr(value)))
        return ""


def _absolute(name: str, value: str | None, problems: list[Problem]) -> Path | None:
    if value is None:
        return None
    if not value.startswith("/") or "\0" in value:
        problems.append(_problem(name, "an absolute path", repr(value)))
        return None
    return Path(value)


def _file(name: str, value: str | None, problems: list[Problem]) -> Path | None:
    """A path in the form ``file:/PATH`` or ``file:///PATH``."""
    if value is None:
        return None
    place = value.removeprefix("file:").removeprefix("//")
    if not value.startswith("file:") or not place.startswith("/"):
        problems.append(_problem(name, "file:/PATH", repr(value)))
        return None
    return _absolute(name, place, problems)


def _number(name: str, value: str | None, problems: list[Problem]) -> int | None:
    if value is None:
        return None
    if not re.fullmatch("[0-9]{1,20}", value) or int(value) > _LARGEST_SLOT:
        problems.append(_problem(name, f"a number from 0 to {_LARGEST_SLOT}", repr(value)))
        return None
    return int(value)


def _problem(place: str, expected: str, got: str, *, guess: str | None = None) -> Problem:
    return Problem(file=_FILE, place=place, expected=expected, got=got, nearest=guess)
