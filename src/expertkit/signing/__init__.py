"""Signatures: statement bytes in, verdict out. Knows no archives and no packages.

A package is signed by an in-toto Statement about all of it, in a DSSE envelope, with Ed25519 (docs/signing.md).
``seal`` makes the envelope; a ``trust.Verifier`` says who vouches for a package, and raises where nobody does who is
trusted.

    envelope = seal(statement, private_key)
    verdict = verifier.judge([Signature(envelope=envelope, chain=certificates)], about=check)
"""

from expertkit.signing.ed25519 import PublicKey
from expertkit.signing.envelope import read_unverified, seal, signed_by
from expertkit.signing.ledger import Entry, Ledger
from expertkit.signing.statement import Evidence, Member, Statement, parse_moment

__all__ = [
    "Entry", "Evidence", "Ledger", "Member", "PublicKey", "Statement", "parse_moment", "read_unverified", "seal",
    "signed_by",
]  # fmt: skip
