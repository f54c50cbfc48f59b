"""A signed note (C2SP signed-note): a text, an empty line, and a line for each signature.

    — <name of the key> <base64 of the key's id and the signature>

A note has one byte form. Which lines count is for whoever brings the keys: a line by a key he does not know says
nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Literal

from expertkit.errors import FormatError, SignatureError
from expertkit.files import sha256_bytes
from expertkit.signing.ed25519 import KEY_SIZE, PublicKey

MAX_SIZE = 1 << 20
"""Largest note that is read, in bytes."""
MAX_SIGNATURES = 100
"""Most signatures of one note, as in the Go library of signed notes."""
ID_SIZE = 4
"""Bytes of a key's id."""
Algorithm = Literal[1, 4]
"""What a signature is made over: the text itself, or the text and a time (C2SP tlog-cosignature)."""
PLAIN: Algorithm = 1
TIMED: Algorithm = 4

_NAME = r"[^\s+\x00-\x1f\x7f]{1,200}"
_BASE64 = r"[A-Za-z0-9+/]+={0,2}"
_LINE = re.compile(rf"— (?P<name>{_NAME}) (?P<signature>{_BASE64})\n")
_VERIFIER = re.compile(rf"(?P<name>{_NAME})\+(?P<id>[0-9a-f]{{8}})\+(?P<key>{_BASE64})")
_TEXT = re.compile(r"[^\x00-\x09\x0b-\x1f]*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteKey:
    """A key under the name that it signs notes with."""

    name: str
    """Without spaces and pluses."""
    key: PublicKey
    algorithm: Algorithm = PLAIN

    def __post_init__(self) -> None:
        check_name(self.name)

    @property
    def id(self) -> bytes:
        """The first four bytes of a hash over name, algorithm and key: a hint."""
        return bytes.fromhex(sha256_bytes(f"{self.name}\n".encode() + self._typed))[:ID_SIZE]

    @classmethod
    def from_str(cls, text: str) -> NoteKey:
        """The verifier in ``<name>+<id>+<base64 of algorithm and key>``.

        Raises:
            FormatError: the text is malformed, or the key is one that proves nothing.
        """
        found = _VERIFIER.fullmatch(text)
        typed = from_base64(found["key"], what="verifier") if found else b""
        if not found or len(typed) != 1 + KEY_SIZE or typed[0] not in {PLAIN, TIMED}:
            raise FormatError(f"verifier: expected '<name>+<id>+<key>' with an Ed25519 key, got {text[:80]!r}")
        algorithm = PLAIN if typed[0] == PLAIN else TIMED
        verifier = cls(name=found["name"], key=PublicKey(typed[1:], found["name"][:100]), algorithm=algorithm)
        if str(verifier) != text:
            raise FormatError(f"verifier: expected id {verifier.id.hex()} of this key, got {found['id']}")
        return verifier

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{to_base64(self._typed)}"

    @property
    def _typed(self) -> bytes:
        return bytes([self.algorithm]) + self.key.raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A line under a note."""

    name: str
    id: bytes
    """Which key of that name, four bytes."""
    signature: bytes
    """What the key made; other algorithms than ours may be longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text with its signatures, of which nothing was verified."""

    text: str
    """Ends with a line feed."""
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """The one byte form."""
        lines = [f"— {each.name} {to_base64(each.id + each.signature)}\n" for each in self.signatures]
        return f"{self.text}\n{''.join(lines)}".encode()

    def find(self, verifier: NoteKey) -> bytes | None:
        """What a key made of this note, as its line says; None where there is no such line."""
        found = [each for each in self.signatures if (each.name, each.id) == (verifier.name, verifier.id)]
        return found[0].signature if found else None

    def verify(self, verifier: NoteKey) -> None:
        """Return if a key signed the text itself.

        Raises:
            SignatureError: it did not.
        """
        signature = self.find(verifier)
        if signature is None:
            raise SignatureError(f"note: expected a signature of {verifier.name}, key {verifier.id.hex()}, got none")
        verifier.key.verify(signature, self.text.encode())


def decode(data: bytes) -> Note:
    """The note in ``data``.

    Raises:
        FormatError: it is none, has another byte form, or two signatures of one key.
    """
    if len(data) > MAX_SIZE:
        raise FormatError(f"note: expected at most {MAX_SIZE} bytes, got {len(data)}")
    try:
        text, separator, lines = data.decode().rpartition("\n\n")
    except UnicodeDecodeError as error:
        raise FormatError("note: expected UTF-8, got other bytes", offset=error.start) from error
    if not separator or not _TEXT.fullmatch(f"{text}\n"):
        raise FormatError("note: expected a text without control characters, an empty line and signatures")
    note = Note(text=f"{text}\n", signatures=tuple(map(_signature, lines.splitlines(keepends=True))))
    keys = {(each.name, each.id) for each in note.signatures}
    if not 1 <= len(note.signatures) <= MAX_SIGNATURES or len(keys) != len(note.signatures):
        raise FormatError(
            f"note: expected 1 to {MAX_SIGNATURES} signatures of different keys, got {len(note.signatures)}"
        )
    if note.encode() != data:
        raise FormatError("note: expected the one form of its bytes, got another")
    return note


def check_name(name: str) -> None:
    """Return if ``name`` may be that of a key.

    Raises:
        FormatError: it may not.
    """
    if not re.fullmatch(_NAME, name):
        raise FormatError(f"name of a key: expected 1 to 200 characters without spaces and pluses, got {name[:80]!r}")


def to_base64(data: bytes) -> str:
    """The bytes in base64 with padding."""
    return base64.b64encode(data).decode()


def from_base64(text: str, *, what: str) -> bytes:
    """The bytes that ``to_base64`` wrote.

    Raises:
        FormatError: there are none.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError(f"{what}: expected base64, got {text[:80]!r}") from error
    if to_base64(data) != text:
        raise FormatError(f"{what}: expected the one form of base64, got {text[:80]!r}")
    return data


def _signature(line: str) -> Signature:
    found = _LINE.fullmatch(line)
    if not found:
        raise FormatError(f"note: expected '— <name> <base64>', got {line[:80]!r}")
    data = from_base64(found["signature"], what="note")
    if len(data) <= ID_SIZE:
        raise FormatError(f"note: expected an id and a signature, got {len(data)} bytes")
    return Signature(name=found["name"], id=data[:ID_SIZE], signature=data[ID_SIZE:])
