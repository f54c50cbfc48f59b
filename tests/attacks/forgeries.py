"""Signatures forged at random, many of them: ``python -m tests.attacks.forgeries [COUNT]``.

Each begins with what a publisher really signed: envelopes with their certificates, as an archive or a container carries
them, or an authority's revocation list. Something is changed by somebody who has none of the keys: fields of the
statement under the old signature, the signature itself, keys of small order, certificates in another order, of other
bytes, or made by oneself under the same names. It does not have to be about any package, so that nothing else than
signatures and certificates can refuse it. Whatever is believed has to be, byte for byte, what was really signed; a
forgery beside it must not count. Prints what came of them; exits with 1 if one was believed, took over 5 s, or met an
error that is none of ours.
"""

from __future__ import annotations

import os
import random
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from expertkit.containers import signatures as block
from expertkit.errors import FormatError, SignatureError
from expertkit.files import listing_digest
from expertkit.members import bundle
from expertkit.members.signatures import Signature
from expertkit.signing import Evidence, Member, PublicKey, Statement, seal
from expertkit.signing.certificates import making
from expertkit.signing.certificates.reading import Certificate, read
from expertkit.signing.certificates.revocation import make_list, read_list
from expertkit.signing.dsse import Envelope
from expertkit.signing.ed25519 import _ORDER, _SMALL_ORDER
from expertkit.signing.keys import public_key
from expertkit.signing.statement import Base, format_moment
from expertkit.signing.trust import EMPTY, Occasion, Verdict, Verifier
from expertkit.signing.trust.authorities import issuer_of
from expertkit.signing.trust.state import Rules, Trust, with_root
from tests.attacks.changes import append, cut, exchange, flip, splice

COUNT = 1_000_000
LONGEST_S = 5.0
_BATCH = 2_000
_AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
_DAYS = 300
_UNTOUCHED = 0.01


@dataclass(slots=True, kw_only=True)
class Piece:
    """A signature taken apart, to be changed."""

    envelope: Envelope
    statement: Statement
    chain: list[bytes]

    def restate(self, statement: Statement) -> None:
        """Put another statement under the old signature."""
        self.statement = statement
        self.envelope = replace(self.envelope, payload=statement.encode())

    def seal(self, private: Ed25519PrivateKey) -> None:
        """Sign it with a key, which it says it is signed with."""
        key = public_key(private, publisher="anybody").id
        self.statement = replace(self.statement, key=key)
        self.envelope = _envelope(seal(self.statement, private))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was really signed, and somebody who believes it."""

    verifier: Verifier
    signed: tuple[Signature, ...]
    """By as many keys as the verifier asks for."""
    root: bytes
    lists: tuple[bytes, ...]
    forged_leaf: tuple[bytes, ...]
    """A certificate for the forger's key under the publisher's name, by itself and by the forger's own authority of the
    same name as the root."""
    forged_root: bytes

    def pieces(self) -> list[Piece]:
        """The signatures taken apart."""
        envelopes = [_envelope(each.envelope) for each in self.signed]
        return [
            Piece(envelope=found, statement=_statement(found), chain=list(each.chain))
            for found, each in zip(envelopes, self.signed, strict=True)
        ]


Change = Callable[[list[Piece], World, random.Random], None]


def main(count: int) -> int:
    """Try so many, and give the exit status."""
    batches = [(start, min(_BATCH, count - start)) for start in range(0, count, _BATCH)]
    told: Counter[str] = Counter()
    longest, begun = 0.0, time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for done, (found, slowest) in enumerate(pool.map(_try_batch, batches), 1):
            told += found
            longest = max(longest, slowest)
            click.echo(f"\r{min(done * _BATCH, count):,} of {count:,}, {told['BELIEVED']} believed", nl=False, err=True)
    verdicts = ", ".join(f"{name} {times:,}" for name, times in sorted(told.items()))
    click.echo(f"\n{count:,} forgeries: {verdicts}")
    click.echo(f"slowest {longest:.3f} s, {count / (time.monotonic() - begun):,.0f} a second")
    return int(bool(told["BELIEVED"]) or longest > LONGEST_S)


def _try_batch(batch: tuple[int, int]) -> tuple[Counter[str], float]:
    start, count = batch
    told: Counter[str] = Counter()
    longest = 0.0
    for case in range(start, start + count):
        begun = time.monotonic()
        try:
            verdict = attempt(random.Random(case))
        except BaseException as error:
            error.add_note(f"forgery {case}")
            raise
        longest = max(longest, time.monotonic() - begun)
        told[verdict] += 1
        if verdict == "BELIEVED":
            click.echo(f"\nforgery {case}: BELIEVED")
    return told, longest


def attempt(rng: random.Random) -> str:
    """What came of one forgery: malformed, distrusted, untouched, not counted beside real ones, or BELIEVED."""
    world = rng.choice(worlds())
    if rng.random() < 0.1:
        return _judge_list(_forged_list(world, rng), world)
    is_bundle = rng.random() < 0.5
    data = _forged(world, rng, as_bundle if is_bundle else as_block)
    try:
        found = bundle.decode(data) if is_bundle else block.decode(data, at=0)
    except FormatError:
        return "malformed"
    try:
        verdict = world.verifier.judge(found, about=_anything)
    except SignatureError:
        return "distrusted"
    if data in _genuine(world, is_bundle=is_bundle):
        return "untouched"
    return "beside" if _is_beside(found, verdict, world) else "BELIEVED"


def _is_beside(found: Sequence[Signature], verdict: Verdict, world: World) -> bool:
    """Whether a forged signature stands beside real ones and is not counted."""
    real = {(each.envelope, chain) for each in world.signed for chain in (each.chain, (*each.chain, world.root))}
    kept = {each.envelope for each in found if (each.envelope, each.chain) in real}
    believed = {each.statement.encode() for each in verdict.vouchers}
    is_forged = any((each.envelope, each.chain) not in real for each in found)
    return is_forged and believed == {_envelope(each).payload for each in kept} and len(kept) == len(verdict.vouchers)


def _judge_list(data: bytes, world: World) -> str:
    others = [read(each) for each in world.signed[0].chain[1:]]
    try:
        found = read_list(data)
    except FormatError:
        return "malformed"
    try:
        issuer_of(found, trust=world.verifier.trust, others=others, at=_AT)
    except SignatureError:
        return "distrusted"
    return "untouched" if data in world.lists else "BELIEVED"


def _anything(_statement: Statement) -> None:
    """Any package is the right one."""


def _genuine(world: World, *, is_bundle: bool) -> tuple[bytes, ...]:
    """What was really signed, with the root's own certificate in any of the chains or without."""
    encode = as_bundle if is_bundle else as_block
    found = []
    for mask in range(1 << len(world.signed)):
        pieces = world.pieces()
        for place, piece in enumerate(pieces):
            piece.chain += [world.root] if mask >> place & 1 else []
        found.append(encode(pieces))
    return tuple(found)


def as_bundle(pieces: Sequence[Piece]) -> bytes:
    """What an archive holds, in order, whatever is wrong with it."""
    rows = sorted((each.envelope.encode(), each) for each in pieces) if _differ(pieces) else [(b"", e) for e in pieces]
    return b"\n".join(bundle.encode([_as_signature(each)]) for _, each in rows)


def _as_signature(piece: Piece) -> Signature:
    return Signature(envelope=piece.envelope.encode(), chain=tuple(piece.chain))


def as_block(pieces: Sequence[Piece]) -> bytes:
    """What a container holds."""
    rows = [(each.envelope.encode(), b"".join(struct.pack("<I", len(c)) + c for c in each.chain)) for each in pieces]
    parts = [struct.pack("<II", len(text), len(chain)) + text + chain for text, chain in sorted(rows)]
    return struct.pack("<II", len(rows), 0) + b"".join(parts)


def _differ(pieces: Sequence[Piece]) -> bool:
    return len({each.envelope.encode() for each in pieces}) == len(pieces)


def _forged(world: World, rng: random.Random, encode: Callable[[Sequence[Piece]], bytes]) -> bytes:
    pieces = world.pieces()
    if rng.random() < _UNTOUCHED:
        return encode(pieces)
    if rng.random() < 0.85:
        for _ in range(rng.choice((1, 1, 1, 2))):
            rng.choice(CHANGES)(pieces, world, rng)
        return encode(pieces)
    data = encode(pieces)
    for _ in range(rng.choice((1, 1, 2, 8))):
        data = rng.choice((flip, flip, flip, cut, append, splice, exchange))(data, rng)
    return data


def _forged_list(world: World, rng: random.Random) -> bytes:
    data = rng.choice(world.lists)
    if rng.random() < _UNTOUCHED:
        return data
    if rng.random() < 0.3:
        root = read(world.forged_root)
        made = make_list(authority=root, key=_forger(), number=rng.randrange(1, 99), at=_AT, days=9, entries={})
        tail = data[-64:] if rng.random() < 0.5 else made[-64:]
        return made[:-64] + tail
    return rng.choice((flip, flip, flip, cut, append, splice, exchange))(data, rng)


def _restated(pieces: list[Piece], _world: World, rng: random.Random) -> None:
    """A field of the statement, encoded as it has to be, under the old signature."""
    piece = rng.choice(pieces)
    old = piece.statement
    digest = rng.randbytes(32).hex()
    fields: dict[str, object] = {
        "name": rng.choice(("expert-mini2", "expert-sql")), "version": "1.0.1",
        "base": replace(old.base, fingerprint=digest), "publisher": "local publisher ",
        "created": format_moment(_AT - timedelta(days=rng.randrange(1, 99))),
        "expires": format_moment(_AT + timedelta(days=rng.randrange(99, 3650))),
        "sequence": old.sequence + rng.randrange(1, 1000), "key": digest,
        "evidence": rng.choice((None, replace(old.evidence or _EVIDENCE, evaluation=digest))),
    }  # fmt: skip
    name = rng.choice([*fields, "members"])
    if name == "members" and old.members:
        members = (replace(old.members[0], sha256=digest), *old.members[1:])
        piece.restate(replace(old, members=members, content_digest=_listing(members)))
    elif name == "members":
        piece.restate(replace(old, content_digest=digest))
    else:
        piece.restate(replace(old, **{name: fields[name]}))


def _signature(pieces: list[Piece], _world: World, rng: random.Random) -> None:
    """One bit, S + L, another R or S, a point of small order, or none at all."""
    piece = rng.choice(pieces)
    old = piece.envelope.signature.ljust(64, b"\0")[:64]
    r, s = old[:32], int.from_bytes(old[32:], "little")
    point = (rng.choice([*_SMALL_ORDER]) | rng.getrandbits(1) << 255).to_bytes(32, "little")
    at, bit = rng.randrange(64), 1 << rng.randrange(8)
    number = rng.choice((0, 1, s, rng.randrange(_ORDER))).to_bytes(32, "little")
    made = rng.choice((
        old[:at] + bytes([old[at] ^ bit]) + old[at + 1 :],
        r + ((s + _ORDER * rng.randrange(1, 9)) % (1 << 256)).to_bytes(32, "little"),
        r + ((_ORDER - s) % (1 << 256)).to_bytes(32, "little"),
        point + number, point + old[32:], r + number, r[:31] + bytes([r[31] ^ 0x80]) + old[32:],
        rng.randbytes(64), bytes(64), old[:-1], old + b"\0", b"",
    ))  # fmt: skip
    piece.envelope = replace(piece.envelope, signature=made)


def _swapped(pieces: list[Piece], _world: World, rng: random.Random) -> None:
    """The signature of another statement, by the same key or another one."""
    other = rng.choice([piece for world in worlds() for piece in world.pieces()])
    piece = rng.choice(pieces)
    piece.envelope = replace(piece.envelope, signature=other.envelope.signature)
    if rng.random() < 0.3:
        piece.chain = other.chain


def _keyid(pieces: list[Piece], world: World, rng: random.Random) -> None:
    """Another key named, in the envelope, the statement or both."""
    piece = rng.choice(pieces)
    known = [each.statement.key for each in world.pieces()]
    key = rng.choice((*known, rng.randbytes(32).hex(), "", piece.envelope.keyid.upper(), _forger_id()))
    if rng.random() < 0.7:
        piece.envelope = replace(piece.envelope, keyid=key)
    elif len(key) == 64 and key == key.lower():
        piece.restate(replace(piece.statement, key=key))


def _payload(pieces: list[Piece], _world: World, rng: random.Random) -> None:
    piece = rng.choice(pieces)
    change = rng.choice((flip, flip, cut, append, splice))
    piece.envelope = replace(piece.envelope, payload=change(piece.envelope.payload, rng))


def _rearranged(pieces: list[Piece], world: World, rng: random.Random) -> None:
    """Certificates in another order, twice, gone, or others' among them."""
    piece = rng.choice(pieces)
    chain = piece.chain
    others = [each for world in worlds() for signed in world.signed for each in signed.chain]
    at = rng.randrange(len(chain) + 1)
    match rng.randrange(6):
        case 0:
            rng.shuffle(chain)
        case 1:
            del chain[at : at + 1]
        case 2:
            chain.insert(at, rng.choice([*chain, world.root]))
        case 3:
            chain.insert(at, rng.choice(others))
        case 4:
            chain[at : at + 1] = [rng.choice([*others, world.forged_root])]
        case _:
            piece.chain = []


def _certificate(pieces: list[Piece], _world: World, rng: random.Random) -> None:
    """Bytes of a certificate, or of its signature alone."""
    chain = rng.choice(pieces).chain
    if not chain:
        return
    at = rng.randrange(len(chain))
    old = chain[at]
    s = int.from_bytes(old[-32:], "little")
    chain[at] = rng.choice((
        flip(old, rng), flip(old, rng), flip(old, rng), cut(old, rng), append(old, rng), splice(old, rng),
        old[:-64] + flip(old[-64:], rng), old[:-32] + ((s + _ORDER) % (1 << 256)).to_bytes(32, "little"),
    ))  # fmt: skip


def _self_issued(pieces: list[Piece], world: World, rng: random.Random) -> None:
    """All of it signed by the forger, whose certificate has the publisher's name and perhaps the root's key named."""
    piece = rng.choice(pieces)
    leaf = rng.choice(world.forged_leaf)
    piece.seal(_forger())
    match rng.randrange(4):
        case 0:
            piece.chain = [leaf]
        case 1:
            piece.chain = [leaf, world.forged_root]
        case 2:
            piece.chain = [leaf, *piece.chain[1:]]
        case _:
            signed = piece.chain[0] if piece.chain else leaf
            piece.chain = [leaf[:-64] + signed[-64:], *piece.chain[1:]]


def _borrowed(pieces: list[Piece], _world: World, rng: random.Random) -> None:
    """The forger's signature under the publisher's certificates, with his own key named or the publisher's."""
    piece = rng.choice(pieces)
    old = piece.statement
    piece.seal(_forger())
    if rng.random() < 0.5:
        piece.restate(replace(piece.statement, key=old.key))
        piece.envelope = replace(piece.envelope, keyid=rng.choice((old.key, piece.envelope.keyid)))


def _small_key(pieces: list[Piece], world: World, rng: random.Random) -> None:
    """A certificate for a key for which anybody can sign, its signature left as it was or the forger's."""
    piece = rng.choice(pieces)
    point = rng.choice([*_SMALL_ORDER]).to_bytes(32, "little")
    leaf = rng.choice((*world.forged_leaf, *piece.chain[:1]))
    key = read(leaf).key if leaf in (*world.forged_leaf, *world.signed[0].chain) else b""
    if key:
        piece.chain[:1] = [leaf.replace(key, point)]
    piece.envelope = replace(piece.envelope, signature=point + bytes(32))


def _fewer(pieces: list[Piece], _world: World, rng: random.Random) -> None:
    """A signature less, or one twice, of which the next change may forge the second."""
    if rng.random() < 0.5 and len(pieces) > 1:
        del pieces[rng.randrange(len(pieces))]
    else:
        pieces.append(replace(rng.choice(pieces)))


CHANGES: tuple[Change, ...] = (
    _restated, _restated, _signature, _signature, _swapped, _keyid, _payload, _rearranged, _rearranged, _certificate,
    _certificate, _self_issued, _borrowed, _small_key, _fewer,
)  # fmt: skip
"""What a forger may change."""

_EVIDENCE = Evidence(tokenizer="1" * 64, template="2" * 64, provenance="3" * 64, evaluation="4" * 64)


def _key(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def _forger() -> Ed25519PrivateKey:
    return _key(99)


@cache
def _forger_id() -> str:
    return public_key(_forger(), publisher="anybody").id


def _envelope(data: bytes) -> Envelope:
    from expertkit.signing import dsse

    return dsse.decode(data)


def _statement(envelope: Envelope) -> Statement:
    from expertkit.signing.statement import decode

    return decode(envelope.payload)


def _listing(members: Sequence[Member]) -> str:
    return listing_digest({each.name: (each.size, each.sha256) for each in members})


@cache
def worlds() -> tuple[World, ...]:
    """An archive and a container, signed below a root, below an authority of a root, and by two publishers."""
    return (
        _world(1, intermediates=0, keys=1), _world(2, intermediates=1, keys=1), _world(3, intermediates=1, keys=2),
        _world(4, intermediates=0, keys=1, is_container=True),
    )  # fmt: skip


def _world(number: int, *, intermediates: int, keys: int, is_container: bool = False) -> World:
    root_key, name = _key(10 * number), f"root {number}"
    root = read(making.make_root(root_key, name=name, at=_AT - timedelta(days=9), days=900))
    authority, authority_key, above = root, root_key, []
    for place in range(intermediates):
        key = _key(10 * number + 1 + place)
        made = _issued(key, f"team {place}", authority, authority_key, is_authority=True)
        authority, authority_key, above = read(made), key, [made, *above]
    signed = [
        _signed(_key(10 * number + 5 + place), authority, authority_key, above, is_container=is_container)
        for place in range(keys)
    ]
    forged_root = read(making.make_root(_forger(), name=name, at=_AT - timedelta(days=9), days=900))
    other = _key(98)
    forged_below = _issued(_forger(), "publisher", _renamed(other, name), other)
    trust = _trusting(root, signatures=keys)
    made_lists = [
        make_list(authority=each, key=key, number=3, at=_AT - timedelta(days=1), days=30, entries={5: _AT, 77: _AT})
        for each, key in ((root, root_key), (authority, authority_key))
    ]
    itself = making.make_root(_forger(), name="publisher", at=_AT - timedelta(days=9), days=900)
    return World(
        verifier=Verifier(trust=trust, occasion=Occasion(at=_AT), revoked=lambda _known, _serial: None),
        signed=tuple(signed), root=root.der, lists=tuple(dict.fromkeys(made_lists)),
        forged_leaf=(itself, forged_below), forged_root=forged_root.der,
    )  # fmt: skip


def _renamed(key: Ed25519PrivateKey, name: str) -> Certificate:
    """An authority of the forger's that is called what the root is called."""
    return read(making.make_root(key, name=name, at=_AT - timedelta(days=9), days=900))


def _trusting(root: Certificate, *, signatures: int) -> Trust:
    trust = with_root(EMPTY, root, needs_list=False, added=format_moment(_AT))
    return replace(trust, rules=Rules(signatures=signatures))


def _issued(
    key: Ed25519PrivateKey, name: str, authority: Certificate, authority_key: Ed25519PrivateKey, **how: bool
) -> bytes:
    request = making.read_request(making.make_request(key, name=name, names=()))
    begin = _AT - timedelta(days=2)
    return making.issue(
        request, authority=authority, authority_key=authority_key, at=begin, days=_DAYS, is_authority=bool(how)
    )


def _signed(
    key: Ed25519PrivateKey, authority: Certificate, authority_key: Ed25519PrivateKey, above: Sequence[bytes], *,
    is_container: bool,
) -> Signature:  # fmt: skip
    public: PublicKey = public_key(key, publisher="publisher")
    members = (Member(name="a.json", size=2, sha256="a" * 64), Member(name="b.json", size=3, sha256="b" * 64))
    statement = Statement(
        name="expert-mini", version="1.0.0", base=Base(name="nano", fingerprint="f" * 64),
        content_digest="c" * 64 if is_container else _listing(members), members=() if is_container else members,
        evidence=_EVIDENCE, publisher="publisher", key=public.id, created=format_moment(_AT - timedelta(days=1)),
        expires=format_moment(_AT + timedelta(days=90)), sequence=7,
    )  # fmt: skip
    return Signature(envelope=seal(statement, key), chain=(_issued(key, "publisher", authority, authority_key), *above))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
