"""The extensions of a certificate that are understood, and how they are written.

An unknown one is put up with unless it is critical; none may be there twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from expertkit.errors import FormatError
from expertkit.files import sha256_bytes
from expertkit.signing.certificates import der, names

SUBJECT_KEY, KEY_USAGE, ALTERNATIVE_NAMES = "2.5.29.14", "2.5.29.15", "2.5.29.17"
BASIC_CONSTRAINTS, NAME_CONSTRAINTS, AUTHORITY_KEY, PURPOSES = "2.5.29.19", "2.5.29.30", "2.5.29.35", "2.5.29.37"

CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
"""The purpose of a certificate that signs packages."""
USAGES = (
    "digitalSignature", "contentCommitment", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
    "cRLSign", "encipherOnly", "decipherOnly",
)  # fmt: skip
"""What a key may be used for, in the order of the flags."""
SIGNS_DATA, SIGNS_CERTIFICATES, SIGNS_LISTS = "digitalSignature", "keyCertSign", "cRLSign"

_URI = 0x86
_PERMITTED, _EXCLUDED = 0xA0, 0xA1
_KEY_ID = 0x80


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension as it is stored."""

    kind: str
    """Object identifier."""
    is_critical: bool
    content: bytes


@dataclass(slots=True, kw_only=True)
class Extensions:
    """What the extensions of a certificate say; what none says is None, False or empty."""

    critical: frozenset[str] = frozenset()
    """Object identifiers of those that are critical."""
    is_authority: bool = False
    path_length: int | None = None
    usages: frozenset[str] | None = None
    purposes: tuple[str, ...] | None = None
    subject_key: bytes | None = None
    authority_key: bytes | None = None
    names: tuple[str, ...] = ()
    permitted: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def split(value: der.Value, what: str) -> tuple[Extension, ...]:
    """The extensions in a SEQUENCE of them, at least one and none twice.

    Raises:
        FormatError: they are malformed.
    """
    found = tuple(_read_one(each, what) for each in der.each(value, der.SEQUENCE, what))
    kinds = [each.kind for each in found]
    if twice := sorted({kind for kind in kinds if kinds.count(kind) > 1}):
        raise FormatError(f"{what}: expected each extension once, got {', '.join(twice)} twice")
    return found


def read(value: der.Value, what: str) -> Extensions:
    """What the extensions in a SEQUENCE of them say.

    Raises:
        FormatError: they are malformed, or a critical one is unknown.
    """
    extensions = split(value, what)
    found = Extensions(critical=frozenset(each.kind for each in extensions if each.is_critical))
    check_critical(found.critical, known=_READERS, what=what)
    for each in extensions:
        if each.kind in _READERS:
            _READERS[each.kind](found, each.content, what)
    return found


def check_critical(critical: Iterable[str], *, known: Iterable[str], what: str) -> None:
    """Return if every critical extension is known.

    Raises:
        FormatError: one is not.
    """
    if unknown := sorted(set(critical) - set(known)):
        raise FormatError(f"{what}: expected no critical extension that is unknown, got {', '.join(unknown)}")


def read_authority_key(content: bytes, what: str) -> bytes:
    """The identifier of the issuer's key, alone.

    Raises:
        FormatError: it is missing, or the issuer is named in another way too.
    """
    fields = der.inside(der.one(content, der.SEQUENCE, what), f"{what}, authority key identifier")
    found = fields.take(_KEY_ID)
    fields.end()
    return found.content


def write(kind: str, content: bytes, *, is_critical: bool = False) -> bytes:
    """One extension."""
    critical = [der.encode(der.BOOLEAN, b"\xff")] if is_critical else []
    return der.sequence(der.oid(kind), *critical, der.encode(der.OCTETS, content))


def authority(path_length: int | None) -> list[bytes]:
    """Those that make an authority: it may sign certificates and lists."""
    length = [] if path_length is None else [der.integer(path_length)]
    constraints = der.sequence(der.encode(der.BOOLEAN, b"\xff"), *length)
    return [
        write(BASIC_CONSTRAINTS, constraints, is_critical=True),
        write(KEY_USAGE, _usages(SIGNS_CERTIFICATES, SIGNS_LISTS), is_critical=True),
    ]


def signer() -> list[bytes]:
    """Those that make a signer of packages."""
    return [
        write(BASIC_CONSTRAINTS, der.sequence(), is_critical=True),
        write(KEY_USAGE, _usages(SIGNS_DATA), is_critical=True),
        write(PURPOSES, der.sequence(der.oid(CODE_SIGNING))),
    ]


def key_identifier(key: bytes) -> bytes:
    """What names a key of 32 bytes in extensions: 20 bytes of its SHA-256 (RFC 7093, section 2)."""
    return bytes.fromhex(sha256_bytes(key))[:20]


def subject_key(identifier: bytes) -> bytes:
    """The identifier of the subject's key."""
    return write(SUBJECT_KEY, der.encode(der.OCTETS, identifier))


def authority_key(identifier: bytes) -> bytes:
    """The identifier of the issuer's key."""
    return write(AUTHORITY_KEY, der.sequence(der.encode(_KEY_ID, identifier)))


def alternative_names(patterns: Sequence[str]) -> list[bytes]:
    """The experts that the subject signs; nothing where there are none."""
    uris = [der.encode(_URI, names.to_uri(pattern).encode()) for pattern in patterns]
    return [write(ALTERNATIVE_NAMES, der.sequence(*uris))] if uris else []


def name_constraints(*, permitted: Sequence[str], excluded: Sequence[str]) -> list[bytes]:
    """The experts that whoever is below may and may not sign; nothing where all are free."""
    lists = [
        der.encode(tag, *(der.sequence(der.encode(_URI, pattern.encode())) for pattern in patterns))
        for tag, patterns in ((_PERMITTED, permitted), (_EXCLUDED, excluded))
        if patterns
    ]
    return [write(NAME_CONSTRAINTS, der.sequence(*lists), is_critical=True)] if lists else []


def _usages(*wanted: str) -> bytes:
    return der.flags(frozenset(map(USAGES.index, wanted)))


def _read_one(value: der.Value, what: str) -> Extension:
    fields = der.inside(value, f"{what}, extension")
    kind = der.read_oid(fields.take(der.OID), what)
    is_critical = der.read_true(fields.take_if(der.BOOLEAN), f"{what}, extension {kind}")
    content = fields.take(der.OCTETS).content
    fields.end()
    return Extension(kind, is_critical, content)


def _read_basic_constraints(found: Extensions, content: bytes, what: str) -> None:
    what = f"{what}, basic constraints"
    fields = der.inside(der.one(content, der.SEQUENCE, what), what)
    found.is_authority = der.read_true(fields.take_if(der.BOOLEAN), what)
    length = fields.take_if(der.INTEGER)
    fields.end()
    if length is None:
        return
    found.path_length = der.read_integer(length, what)
    if found.path_length < 0 or not found.is_authority:
        raise FormatError(f"{what}: expected a path length of an authority, from 0 on, got {found.path_length}")


def _read_key_usage(found: Extensions, content: bytes, what: str) -> None:
    what = f"{what}, key usage"
    bits = der.read_flags(der.one(content, der.BITS, what), what)
    if max(bits) >= len(USAGES):
        raise FormatError(f"{what}: expected {len(USAGES)} flags, got flag {max(bits)}")
    found.usages = frozenset(USAGES[bit] for bit in bits)


def _read_purposes(found: Extensions, content: bytes, what: str) -> None:
    what = f"{what}, extended key usage"
    purposes = der.each(der.one(content, der.SEQUENCE, what), der.OID, what)
    found.purposes = tuple(der.read_oid(purpose, what) for purpose in purposes)


def _read_subject_key(found: Extensions, content: bytes, what: str) -> None:
    found.subject_key = der.one(content, der.OCTETS, f"{what}, subject key identifier").content


def _read_authority_key(found: Extensions, content: bytes, what: str) -> None:
    found.authority_key = read_authority_key(content, what)


def _read_names(found: Extensions, content: bytes, what: str) -> None:
    what = f"{what}, alternative names"
    uris = der.each(der.one(content, der.SEQUENCE, what), _URI, what)
    found.names = tuple(names.from_uri(der.read_text(uri, what), what) for uri in uris)
    _check_once(found.names, what)


def _read_name_constraints(found: Extensions, content: bytes, what: str) -> None:
    what = f"{what}, name constraints"
    fields = der.inside(der.one(content, der.SEQUENCE, what), what)
    permitted, excluded = fields.take_if(_PERMITTED), fields.take_if(_EXCLUDED)
    fields.end()
    if permitted is None and excluded is None:
        raise FormatError(f"{what}: expected names that are permitted or excluded, got none")
    found.permitted = _read_subtrees(permitted, what) if permitted else ()
    found.excluded = _read_subtrees(excluded, what) if excluded else ()


def _read_subtrees(value: der.Value, what: str) -> tuple[str, ...]:
    patterns = tuple(_read_subtree(each, what) for each in der.each(value, der.SEQUENCE, what))
    _check_once(patterns, what)
    return patterns


def _read_subtree(value: der.Value, what: str) -> str:
    fields = der.inside(value, what)
    pattern = der.read_text(fields.take(_URI), what)
    fields.end()
    names.check_pattern(pattern, what)
    return pattern


def _check_once(patterns: tuple[str, ...], what: str) -> None:
    if len(set(patterns)) != len(patterns):
        raise FormatError(f"{what}: expected each name once, got {', '.join(patterns)[:200]}")


_READERS: dict[str, Callable[[Extensions, bytes, str], None]] = {
    BASIC_CONSTRAINTS: _read_basic_constraints,
    KEY_USAGE: _read_key_usage,
    PURPOSES: _read_purposes,
    SUBJECT_KEY: _read_subject_key,
    AUTHORITY_KEY: _read_authority_key,
    ALTERNATIVE_NAMES: _read_names,
    NAME_CONSTRAINTS: _read_name_constraints,
}
