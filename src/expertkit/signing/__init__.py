"""Signatures: statement bytes in, verdict out. Knows no archives and no trust store.

A package is signed by an in-toto Statement about all of its members, in a DSSE envelope, with Ed25519
(docs/signing.md). ``seal`` makes the envelope; ``check`` gives the statement of an envelope that a trusted
key made, and raises for every other one.

    envelope = seal(statement, private_key)
    statement = check(envelope, trusted=publisher, at=datetime.now(UTC))
"""

from expertkit.signing.ed25519 import PublicKey
from expertkit.signing.envelope import check, read_unverified, seal
from expertkit.signing.ledger import Entry, Ledger
from expertkit.signing.statement import Member, Statement, parse_moment

__all__ = ["Entry", "Ledger", "Member", "PublicKey", "Statement", "check", "parse_moment", "read_unverified", "seal"]
