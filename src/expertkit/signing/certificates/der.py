"""DER, the one encoding of an ASN.1 value: read strictly, written the same way.

Only what certificates need: tags of one byte, definite lengths in their shortest form. Reading refuses every other
encoding of a value, so that writing what was read gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from expertkit.errors import FormatError

BOOLEAN, INTEGER, BITS, OCTETS, OID, ENUMERATED = 0x01, 0x02, 0x03, 0x04, 0x06, 0x0A
UTF8, PRINTABLE, IA5, UTC_TIME, GENERAL_TIME = 0x0C, 0x13, 0x16, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

_GENERAL_FROM = 2050
"""Years before it are written with two digits, and only those."""
_TIME = re.compile(r"[0-9]{14}Z")
_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,./:=?-]*")


@dataclass(frozen=True, slots=True)
class Value:
    """One encoded value, which stays where it is until somebody asks for its bytes."""

    tag: int
    source: bytes
    begin: int
    """Offset of the tag in the source."""
    start: int
    """Offset of the content."""
    stop: int

    @property
    def content(self) -> bytes:
        """What follows tag and length."""
        return self.source[self.start : self.stop]

    @property
    def raw(self) -> bytes:
        """Tag, length and content."""
        return self.source[self.begin : self.stop]


class Fields:
    """The values inside of another one, taken in their order."""

    def __init__(self, content: bytes, what: str) -> None:
        self._rest = values(content, what)
        self._next = next(self._rest, None)
        self._what = what

    def take(self, *tags: int) -> Value:
        """The next value, which has one of the tags.

        Raises:
            FormatError: there is none.
        """
        found = self.take_if(*tags)
        if found is None:
            got = f"{self._next.tag:#04x}" if self._next else "the end"
            raise FormatError(f"{self._what}: expected tag {' or '.join(f'{tag:#04x}' for tag in tags)}, got {got}")
        return found

    def take_if(self, *tags: int) -> Value | None:
        """The next value, if it has one of the tags."""
        found = self._next
        if found is None or found.tag not in tags:
            return None
        self._next = next(self._rest, None)
        return found

    def end(self) -> None:
        """Return if nothing is left.

        Raises:
            FormatError: something is.
        """
        if self._next:
            raise FormatError(f"{self._what}: expected its end, got tag {self._next.tag:#04x}")


def values(data: bytes, what: str) -> Iterator[Value]:
    """The values that follow one another in ``data``, one after another: there may be millions.

    Raises:
        FormatError: it is no series of DER values.
    """
    at, end = 0, len(data)
    while at < end:
        start = _content_start(data, at, what)
        stop = start + _length(data, at)
        if stop > end:
            raise FormatError(f"{what}: expected {stop - end} more bytes, got the end")
        yield Value(data[at], data, at, start, stop)
        at = stop


def one(data: bytes, tag: int, what: str) -> Value:
    """The value that ``data`` is, and nothing after it.

    Raises:
        FormatError: it is another or none.
    """
    fields = Fields(data, what)
    found = fields.take(tag)
    fields.end()
    return found


def inside(value: Value, what: str) -> Fields:
    """The fields of a constructed value."""
    return Fields(value.content, what)


def each(value: Value, tag: int, what: str) -> Iterator[Value]:
    """The members of a SEQUENCE OF or SET OF, at least one.

    Raises:
        FormatError: there is none, or one of another tag.
    """
    members = inside(value, what)
    yield members.take(tag)
    while found := members.take_if(tag):
        yield found
    members.end()


def read_integer(value: Value, what: str) -> int:
    """A whole number, which may be negative.

    Raises:
        FormatError: it is not in its shortest form.
    """
    content = value.content
    if not content or (len(content) > 1 and content[0] in {0, 0xFF} and (content[0] ^ content[1]) < 0x80):
        raise FormatError(f"{what}: expected an integer in its shortest form, got {content[:24].hex()!r}")
    return int.from_bytes(content, "big", signed=True)


def read_true(value: Value | None, what: str) -> bool:
    """Whether an optional boolean that is false by default is there; false is never written.

    Raises:
        FormatError: it is written, or in another form.
    """
    if value is not None and value.content != b"\xff":
        raise FormatError(f"{what}: expected TRUE or nothing, got {value.content[:8].hex()!r}")
    return value is not None


def read_oid(value: Value, what: str) -> str:
    """An object identifier, as numbers with dots.

    Raises:
        FormatError: it is malformed or not in its shortest form.
    """
    content = value.content
    if not content or content[-1] & 0x80 or len(content) > 64 or re.search(rb"(?<![\x80-\xff])\x80", content):
        raise FormatError(f"{what}: expected an object identifier, got {content[:24].hex()!r}")
    numbers, number = [], 0
    for byte in content:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def read_octet_bits(value: Value, what: str) -> bytes:
    """A bit string of whole bytes.

    Raises:
        FormatError: it has unused bits.
    """
    if value.content[:1] != b"\0":
        raise FormatError(f"{what}: expected a bit string of whole bytes, got {value.content[:8].hex()!r}")
    return value.content[1:]


def read_flags(value: Value, what: str) -> frozenset[int]:
    """Numbers of the bits that are set in a list of flags, at least one.

    Raises:
        FormatError: there is none, or it has zeros at its end.
    """
    unused, bits = value.content[:1], value.content[1:]
    last = bits[-1] if bits else 0
    if not last or unused[0] != (last & -last).bit_length() - 1:
        raise FormatError(f"{what}: expected flags without zeros at the end, got {value.content[:8].hex()!r}")
    return frozenset(bit for bit in range(8 * len(bits)) if bits[bit // 8] & 0x80 >> bit % 8)


def read_text(value: Value, what: str) -> str:
    """A text in UTF-8, ASCII or the printable part of it, without control characters.

    Raises:
        FormatError: it is none.
    """
    try:
        text = value.content.decode("utf-8" if value.tag == UTF8 else "ascii")
    except UnicodeDecodeError as error:
        raise FormatError(f"{what}: expected text, got other bytes") from error
    if re.search(r"[\x00-\x1f\x7f-\x9f]", text) or (value.tag == PRINTABLE and not _PRINTABLE.fullmatch(text)):
        raise FormatError(f"{what}: expected printable characters, got {text[:80]!r}")
    return text


def read_time(value: Value, what: str) -> datetime:
    """A time to the second in UTC: with two digits for the year until 2049, with four from 2050 on.

    Raises:
        FormatError: it is malformed, or there is no such second.
    """
    text = value.content.decode("latin-1")
    if value.tag == UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    has_form = _TIME.fullmatch(text) and (value.tag == UTC_TIME or text[:4] >= str(_GENERAL_FROM))
    try:
        moment = _moment(text) if has_form else None
    except ValueError:
        moment = None
    if moment is None:
        raise FormatError(f"{what}: expected a time in UTC in the form of its year, got {text[:24]!r}")
    return moment


def encode(tag: int, *contents: bytes) -> bytes:
    """A value of that tag whose content is the ``contents`` joined."""
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*members: bytes) -> bytes:
    """A SEQUENCE of values that are encoded already."""
    return encode(SEQUENCE, *members)


def integer(number: int) -> bytes:
    """A whole number from 0 on."""
    return encode(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def oid(text: str) -> bytes:
    """An object identifier from numbers with dots."""
    first, second, *rest = map(int, text.split("."))
    return encode(OID, *(_base_128(number) for number in (40 * first + second, *rest)))


def octet_bits(data: bytes) -> bytes:
    """A bit string of whole bytes."""
    return encode(BITS, b"\0", data)


def flags(bits: frozenset[int]) -> bytes:
    """A list of flags with these bits set, at least one of the first eight and no other."""
    byte = sum(0x80 >> bit for bit in bits)
    return encode(BITS, bytes(((byte & -byte).bit_length() - 1, byte)))


def time(moment: datetime) -> bytes:
    """A time, cut to the second."""
    text = moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")
    if moment.astimezone(UTC).year < _GENERAL_FROM:
        return encode(UTC_TIME, text[2:].encode())
    return encode(GENERAL_TIME, text.encode())


def _moment(digits: str) -> datetime:
    """The second that 14 digits name, if there is one; ten times as fast as ``strptime``."""
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    return datetime(year, month, day, int(digits[8:10]), int(digits[10:12]), int(digits[12:14]), tzinfo=UTC)


def _content_start(data: bytes, at: int, what: str) -> int:
    """Where the content of the value at ``at`` begins; its tag and length are in the only form allowed."""
    if len(data) - at < 2 or data[at] & 0x1F == 0x1F or data[at] == 0:
        raise FormatError(f"{what}: expected a DER value, got {data[at : at + 2].hex()!r}")
    first = data[at + 1]
    if first < 0x80:
        return at + 2
    size = first & 0x7F
    length = data[at + 2 : at + 2 + size]
    if not 1 <= size <= 4 or len(length) != size or length[0] == 0 or (size == 1 and length[0] < 0x80):
        raise FormatError(f"{what}: expected a length in its shortest form, got {data[at + 1 : at + 6].hex()!r}")
    return at + 2 + size


def _length(data: bytes, at: int) -> int:
    """Size of the content of the value at ``at``, whose length is sound."""
    first = data[at + 1]
    return first if first < 0x80 else int.from_bytes(data[at + 2 : at + 2 + (first & 0x7F)], "big")


def _base_128(number: int) -> bytes:
    """Seven bits a byte, the highest bit saying that more follow."""
    found = [number & 0x7F]
    while number := number >> 7:
        found.append(0x80 | number & 0x7F)
    return bytes(reversed(found))
