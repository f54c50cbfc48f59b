"""The proof beside a package that its signature was in the signer's log: ``<package>.proof``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from expertkit.errors import FormatError, SignatureError
from expertkit.files import open_regular, sha256_bytes
from expertkit.members.signatures import Signature
from expertkit.signing import dsse
from expertkit.signing.certificates.reading import read as read_certificate
from expertkit.signing.ed25519 import PublicKey
from expertkit.signing.transparency import Proof, entry
from expertkit.signing.transparency import checkpoint as checkpoints
from expertkit.signing.transparency import proof as proofs
from expertkit.signing.trust import Trust
from expertkit.signing.trust.anchoring import claimed_key

PROOF_SUFFIX = ".proof"


def proof_path(package: Path) -> Path:
    """Where the proof lies."""
    return package.with_name(f"{package.name}{PROOF_SUFFIX}")


def proven_times(path: Path, signatures: Sequence[Signature], *, trust: Trust) -> dict[str, datetime]:
    """When trusted witnesses say that signatures of a package were in their signers' logs, by SHA-256 of the envelope.

    A proof that shows none of them has no effect, and none has where no witness is trusted.

    Raises:
        FormatError: the proof is malformed.
    """
    beside = proof_path(path)
    if not trust.witnesses or not beside.is_file():
        return {}
    with open_regular(beside) as file:
        proof = proofs.decode(file.read(proofs.MAX_SIZE + 1))
    cosigners = {checkpoints.witness_of(each.read()): each.read() for each in trust.witnesses}
    found = ((each, _proven(each, proof, trust=trust, cosigners=cosigners)) for each in signatures)
    return {sha256_bytes(each.envelope): moment for each, moment in found if moment is not None}


def _proven(
    signature: Signature, proof: Proof, *, trust: Trust, cosigners: Mapping[str, PublicKey]
) -> datetime | None:  # fmt: skip
    """When a signature was in the log of its signer; None where the proof does not show it."""
    try:
        chain = [read_certificate(each) for each in signature.chain[:1]]
        log = claimed_key(dsse.decode(signature.envelope).keyid, chain, trust=trust)
        return proofs.check(proof, leaf=entry.of_envelope(signature.envelope).encode(), log=log, cosigners=cosigners)
    except (FormatError, SignatureError):
        return None
