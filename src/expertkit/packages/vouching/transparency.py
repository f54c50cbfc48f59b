"""The log of a project on disk: entries in ``releases/log.jsonl``, its newest checkpoint beside it, both in git.

Only what its checkpoint vouches for is continued. Entries are written before the checkpoint that signs them: whoever
was stopped in between appends the same again, and nothing is ever signed that nobody asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from expertkit import layout
from expertkit.errors import FormatError, IntegrityError, SignatureError
from expertkit.files import open_regular, required, write_bytes
from expertkit.packages.locks import locked
from expertkit.packages.reading.forms import read_signatures
from expertkit.packages.signing.signatures import read_detached
from expertkit.packages.vouching.proofs import PROOF_SUFFIX
from expertkit.packages.vouching.verify import verify
from expertkit.signing import signed_by
from expertkit.signing.ed25519 import PublicKey, public_bytes
from expertkit.signing.signer import SigningKey
from expertkit.signing.statement import parse_moment
from expertkit.signing.transparency import Checkpoint, Entry, Proof, entry, tree
from expertkit.signing.transparency import checkpoint as checkpoints
from expertkit.signing.transparency import proof as proofs
from expertkit.signing.trust import Verifier

LOG_NAME = layout.LOG.name
CHECKPOINT_NAME = "checkpoint"
PROOFS = Path("proofs")
"""What a log that was exported consists of."""

_LOCK = Path(".work/log.lock")
_MAX_BYTES = 256 << 20
_APPEND = "expert-cli log append PACKAGE"
_RESTORE = f"git restore {layout.LOG} {layout.CHECKPOINT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log that is what its checkpoint says."""

    leaves: tuple[bytes, ...]
    """The entries, oldest first, as they are hashed."""
    signed: bytes
    """The checkpoint with its signatures."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries, oldest first."""
        return tuple(map(entry.decode, self.leaves))

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """Those of the leaves."""
        return _hashes(self.leaves)

    @property
    def state(self) -> Checkpoint:
        """What the checkpoint says."""
        return checkpoints.read_unverified(self.signed)


def entries_by(path: Path, key: PublicKey) -> list[Entry]:
    """What the log holds about the signatures of a package that ``key`` made; those of others do not count.

    Each was verified to be about this package and to have held when it was made.

    Raises:
        IntegrityError: the package is not sound.
        SignatureError: the key made none.
    """
    found = [each for each in _envelopes(path) if _is_about(path, each, key)]
    if not found:
        message = f"{path}: expected a signature by key {key.id[:12]}, got none"
        raise SignatureError(message, hint=f"ask its publisher; if that is you: expert-cli sign {path}")
    return list(map(entry.of_envelope, found))


def append(project: Path, entries: Iterable[Entry], *, key: SigningKey, at: datetime) -> tuple[Entry, ...]:
    """Continue a project's log by the entries that it does not have yet, and sign its new state.

    Args:
        project: its root.
        entries: about signatures that whoever calls has checked.
        key: the publisher's; a log has one key.
        at: the time that the checkpoint proves.

    Returns:
        The entries that no checkpoint vouched for before.

    Raises:
        IntegrityError: the log was shortened or changed, or holds entries that neither its checkpoint nor ``entries``
            know; it stays as it is.
        SignatureError: its checkpoint is of another key.
    """
    public = _public(key)
    asked = list(dict.fromkeys(each.encode() for each in entries))
    path = project / layout.CHECKPOINT
    with locked(project / _LOCK, mode=0o755):
        leaves = _read_leaves(project)
        signed = path.read_bytes() if path.exists() else None
        unsigned = leaves[_signed_size(project, leaves, signed, key=public) :]
        _check_known(project, unsigned, asked)
        known = set(leaves)
        new = [each for each in asked if each not in known]
        if new:
            write_bytes(project / layout.LOG, _lines([*leaves, *new]))
        if new or unsigned:
            write_bytes(path, _sign([*leaves, *new], key=key, public=public, at=at))
    return tuple(map(entry.decode, [*unsigned, *new]))


def read(project: Path, *, key: PublicKey) -> Log:
    """The project's log, every entry of which its checkpoint by ``key`` vouches for.

    Raises:
        PackagingError: there is none.
        IntegrityError: the log is not what its checkpoint says.
        SignatureError: the checkpoint is not by ``key``.
    """
    signed = required(project / layout.CHECKPOINT, hint=_APPEND)
    leaves = _read_leaves(project)
    _check_known(project, leaves[_signed_size(project, leaves, signed, key=key) :], ())
    return Log(leaves=tuple(leaves), signed=signed)


def read_unverified(project: Path) -> Log:
    """The project's log as it lies there, whoever signed it.

    Raises:
        PackagingError: there is none.
        IntegrityError: log or checkpoint is malformed.
    """
    signed = required(project / layout.CHECKPOINT, hint=_APPEND)
    try:
        checkpoints.read_unverified(signed)
    except FormatError as error:
        raise IntegrityError(f"{project / layout.CHECKPOINT}: {error}", hint=_RESTORE) from error
    return Log(leaves=tuple(_read_leaves(project)), signed=signed)


def check_since(log: Log, older: bytes, *, key: PublicKey) -> Checkpoint:
    """The state that a reader kept the checkpoint of, if the log only grew since.

    Args:
        log: the log.
        older: the checkpoint.
        key: the log's.

    Raises:
        FormatError: the checkpoint is malformed.
        SignatureError: it is not of this log, or the log is another one now.
    """
    first, state = checkpoints.check(older, origin=checkpoints.origin_of(key), log=key), log.state
    proof = tree.consistency_proof(log.hashes, min(first.size, state.size))
    tree.check_consistency(first.size, state.size, first.root, state.root, proof)
    return first


def prove(log: Log, path: Path, *, key: PublicKey) -> Proof:
    """The proof for the first signature of ``key`` in a package that is in the log.

    Raises:
        SignatureError: none is.
        FormatError, IntegrityError: the package is not sound.
    """
    for each in entries_by(path, key):
        leaf = each.encode()
        if leaf in log.leaves:
            return proofs.make(log.hashes, log.leaves.index(leaf), checkpoint=log.signed)
    raise SignatureError(f"{path}: expected its signature in the log, got none", hint=f"expert-cli log append {path}")


def check_proof(path: Path, proof: Proof, *, key: PublicKey) -> tuple[Entry, datetime]:
    """Which signature of ``key`` in a package a proof is about, and a time at which it held and was in that key's log.

    Raises:
        SignatureError: the proof shows none of them, or one that did not hold then.
        FormatError, IntegrityError: the package is not sound, or the proof malformed.
    """
    refused: list[str] = []
    for each in entries_by(path, key):
        try:
            moment = proofs.check(proof, leaf=each.encode(), log=key)
            verdict = verify(path, verifier=Verifier.of_key(key, at=moment)).verdict
            if each in map(entry.of_envelope, verdict.held):
                return each, moment
        except SignatureError as error:
            refused += error.lines
    raise SignatureError(*(f"{path}: {line}" for line in refused), hint=f"expert-cli log prove {path} --output FILE")


def witness(project: Path, *, key: PublicKey, witness_key: SigningKey, seen: Path, at: datetime) -> Log:
    """Put into the newest checkpoint that somebody else saw it now, once it is known that the log only grew.

    Args:
        project: its root.
        key: the log's.
        witness_key: the other one's.
        seen: folder in which the witness keeps the last checkpoint of each log that he saw.
        at: the time.

    Raises:
        IntegrityError, SignatureError: the log is not what its key signed, or not the one that was seen before.
        FormatError: the witness's line is there already.
    """
    last = seen / f"{key.id}.checkpoint"
    with locked(project / _LOCK), locked(seen / ".lock"):
        log = read(project, key=key)
        if last.is_file():
            check_since(log, last.read_bytes(), key=key)
        name = checkpoints.witness_of(_public(witness_key))
        signed = checkpoints.cosign(log.signed, name=name, key=witness_key, at=at)
        write_bytes(last, signed)
        write_bytes(project / layout.CHECKPOINT, signed)
    return replace(log, signed=signed)


def export(log: Log, folder: Path) -> None:
    """Write the log as files that can be served as they are: proofs, then entries, then the checkpoint they lead to."""
    hashes = log.hashes
    for index, each in enumerate(log.entries):
        proof = proofs.make(hashes, index, checkpoint=log.signed)
        write_bytes(folder / PROOFS / f"{each.envelope}{PROOF_SUFFIX}", proof.encode())
    write_bytes(folder / LOG_NAME, _lines(log.leaves))
    write_bytes(folder / CHECKPOINT_NAME, log.signed)


def _envelopes(path: Path) -> list[bytes]:
    """The envelopes in a package and beside it, whatever they are about."""
    try:
        return [each.envelope for each in (*read_signatures(path), *read_detached(path))]
    except FormatError as error:
        raise IntegrityError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from error


def _is_about(path: Path, envelope: bytes, key: PublicKey) -> bool:
    """Whether a key made this signature, and about this package."""
    try:
        created = parse_moment(signed_by(envelope, key).created)
        return envelope in verify(path, verifier=Verifier.of_key(key, at=created)).verdict.held
    except SignatureError:
        return False


def _read_leaves(project: Path) -> list[bytes]:
    """The lines of the log, each an entry; no file is an empty log."""
    path = project / layout.LOG
    if not path.exists():
        return []
    with open_regular(path) as file:
        data = file.read(_MAX_BYTES + 1)
    *leaves, rest = data.split(b"\n")
    if rest or len(data) > _MAX_BYTES:
        raise IntegrityError(f"{path}: expected whole lines of at most {_MAX_BYTES} bytes, got others", hint=_RESTORE)
    for number, leaf in enumerate(leaves, start=1):
        try:
            entry.decode(leaf)
        except FormatError as error:
            raise IntegrityError(f"{path}: line {number}: {error}", hint=_RESTORE) from error
    return leaves


def _signed_size(project: Path, leaves: Sequence[bytes], signed: bytes | None, *, key: PublicKey) -> int:
    """How many of the entries the checkpoint vouches for; it is theirs, or something is wrong."""
    if signed is None:
        return 0
    log, state = project / layout.LOG, _parse_checkpoint(project, signed, key=key)
    if len(leaves) < state.size:
        raise IntegrityError(f"{log}: expected at least {state.size} entries, got {len(leaves)}", hint=_RESTORE)
    found = tree.root(_hashes(leaves[: state.size]))
    if found != state.root:
        wanted = f"the {state.size} entries with root {state.root.hex()[:12]}"
        raise IntegrityError(f"{log}: expected {wanted}, got others, with root {found.hex()[:12]}", hint=_RESTORE)
    return state.size


def _parse_checkpoint(project: Path, signed: bytes, *, key: PublicKey) -> Checkpoint:
    """What the log's own checkpoint says, signed and cosigned by ``key``."""
    path, origin = project / layout.CHECKPOINT, checkpoints.origin_of(key)
    try:
        state = checkpoints.check(signed, origin=origin, log=key)
        checkpoints.check_time(signed, cosigners={origin: key})
    except FormatError as error:
        raise IntegrityError(f"{path}: {error}", hint=_RESTORE) from error
    except SignatureError as error:
        raise SignatureError(f"{path}: {error}", hint="a log is kept with one key; use that one") from error
    return state


def _check_known(project: Path, unsigned: Sequence[bytes], asked: Sequence[bytes]) -> None:
    """What no checkpoint vouches for was left by somebody who was stopped, and is signed only for who asks for it."""
    strange = [entry.decode(each).describe() for each in unsigned if each not in asked]
    if strange:
        raise IntegrityError(
            f"{project / layout.LOG}: expected entries that the checkpoint or the packages to append are about, "
            f"got {len(strange)} more",
            *strange,
            hint=f"{_APPEND}... with these packages, if you were stopped while you did; else {_RESTORE}",
        )


def _sign(leaves: Sequence[bytes], *, key: SigningKey, public: PublicKey, at: datetime) -> bytes:
    """The new checkpoint, signed and cosigned with the time."""
    origin = checkpoints.origin_of(public)
    state = Checkpoint(origin=origin, size=len(leaves), root=tree.root(_hashes(leaves)))
    return checkpoints.cosign(checkpoints.sign(state, key), name=origin, key=key, at=at)


def _public(key: SigningKey) -> PublicKey:
    return PublicKey(public_bytes(key.public_key()), "log")


def _hashes(leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(map(tree.leaf_hash, leaves))


def _lines(leaves: Sequence[bytes]) -> bytes:
    return b"".join(leaf + b"\n" for leaf in leaves)
