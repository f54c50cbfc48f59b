"""Names in certificates: those of people and organisations, and those of the experts that they may sign.

A distinguished name is compared by its bytes and shown as RFC 4514 text. An expert's name is the host of a URI,
``expert://expert-sql/``; a pattern is such a name, or ``.suffix`` for every longer name that ends in it, as in
RFC 5280.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from expertkit.errors import FormatError
from expertkit.signing.certificates import der

_COMMON_NAME = "2.5.4.3"
_SHORT = {
    _COMMON_NAME: "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET", "2.5.4.10": "O",
    "2.5.4.11": "OU", "0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC",
}  # fmt: skip
_TEXTS = (der.UTF8, der.PRINTABLE, der.IA5)
_PATTERN = re.compile(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*")
_URI = re.compile(r"expert://([^/]*)/")
_MAX_PATTERN = 253
_MAX_COMMON_NAME = 64


def common_name(name: str) -> bytes:
    """The distinguished name that is one common name.

    Raises:
        FormatError: it is empty, too long or not printable.
    """
    if not 1 <= len(name) <= _MAX_COMMON_NAME or not name.isprintable() or name != name.strip():
        raise FormatError(f"name: expected 1 to {_MAX_COMMON_NAME} printable characters, got {name[:80]!r}")
    attribute = der.sequence(der.oid(_COMMON_NAME), der.encode(der.UTF8, name.encode()))
    return der.sequence(der.encode(der.SET, attribute))


def read_name(value: der.Value, what: str) -> str:
    """A distinguished name as RFC 4514 text: the last of its parts first.

    Raises:
        FormatError: it is malformed or empty.
    """
    parts = [_read_part(part, what) for part in der.each(value, der.SET, what)]
    return ",".join(reversed(parts))


def check_pattern(pattern: str, what: str) -> None:
    """Return if ``pattern`` is an expert's name, or a suffix that begins with a dot.

    Raises:
        FormatError: it is neither.
    """
    if len(pattern) > _MAX_PATTERN or not _PATTERN.fullmatch(pattern):
        raise FormatError(f"{what}: expected an expert's name such as expert-sql, or .suffix, got {pattern[:80]!r}")


def covers(pattern: str, name: str) -> bool:
    """Whether ``pattern`` stands for ``name``, or for every name that the pattern ``name`` stands for."""
    if pattern.startswith("."):
        return name.endswith(pattern) and len(name) > len(pattern)
    return name == pattern


def covered(patterns: Iterable[str], name: str) -> bool:
    """Whether one of the patterns covers ``name``."""
    return any(covers(pattern, name) for pattern in patterns)


def to_uri(pattern: str) -> str:
    """The URI that names an expert in a certificate."""
    return f"expert://{pattern}/"


def from_uri(uri: str, what: str) -> str:
    """The pattern that ``to_uri`` made this URI of.

    Raises:
        FormatError: it has another scheme, a user, port or path, or no expert's name.
    """
    found = _URI.fullmatch(uri)
    if not found:
        raise FormatError(f"{what}: expected expert://NAME/, got {uri[:80]!r}")
    check_pattern(found[1], what)
    return found[1]


def _read_part(part: der.Value, what: str) -> str:
    """One part of a name, of one or more attributes in the order of their bytes."""
    attributes = [*der.each(part, der.SEQUENCE, what)]
    order = [attribute.raw for attribute in attributes]
    if order != sorted(set(order)):
        raise FormatError(f"{what}: expected the attributes of a part in their order, got another")
    return "+".join(_read_attribute(attribute, what) for attribute in attributes)


def _read_attribute(attribute: der.Value, what: str) -> str:
    fields = der.inside(attribute, what)
    kind = der.read_oid(fields.take(der.OID), what)
    value = fields.take(*_TEXTS)
    fields.end()
    text = der.read_text(value, what)
    return f"{_SHORT[kind]}={_escape(text)}" if kind in _SHORT else f"{kind}=#{value.raw.hex()}"


def _escape(text: str) -> str:
    """A value as RFC 4514 writes it."""
    return re.sub(r'[\\",+;<>]|^[ #]| $', r"\\\g<0>", text)
