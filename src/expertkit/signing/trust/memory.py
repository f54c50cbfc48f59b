"""What protects against older packages: the newest that was seen of each expert, by key.

A key's numbers are its own, so that a lost key cannot raise anybody else's, and what a revoked key said is forgotten
with it. That is what The Update Framework (TUF, section 1.5) calls rollback and fast-forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from expertkit.errors import SignatureError
from expertkit.signing.statement import Statement
from expertkit.signing.trust.state import Seen
from expertkit.signing.trust.versions import order

_HINT = "expert-cli trust forget {name}, or --allow-older this one time, if you mean to go back"


def check_newest(statement: Statement, *, anchor: str, seen: Sequence[Seen]) -> None:
    """Return if nothing newer of this expert, for this base, was seen from the same anchor or of the same key.

    A key is none the older for coming without the certificates that it had.

    Args:
        statement: what was signed.
        anchor: id of the root or key by which its signer is trusted.
        seen: what is remembered, without that of keys that are no longer good.

    Raises:
        SignatureError: it is an older version, or this version as it was signed earlier.
    """
    hint = _HINT.format(name=statement.name)
    for row in seen:
        if (row.name, row.base) != (statement.name, statement.base.name):
            continue
        if row.anchor != anchor and row.key != statement.key:
            continue
        if order(statement.version) < order(row.version):
            message = f"version: expected at least {row.version}, which was seen, got {statement.version}"
            raise SignatureError(message, hint=hint)
        newest = row.sequences.get(statement.form, 0)
        is_same = row.key == statement.key and order(row.version) == order(statement.version)
        if is_same and statement.sequence < newest:
            message = f"sequence: expected at least {newest}, which was seen, got {statement.sequence}"
            raise SignatureError(f"{message}: {statement.version} was signed anew since", hint=hint)


def remember(
    seen: Sequence[Seen], statement: Statement, *, anchor: str, certificates: tuple[str, ...]
) -> tuple[Seen, ...]:  # fmt: skip
    """What was seen, with this."""
    new = Seen(
        name=statement.name, base=statement.base.name, anchor=anchor, key=statement.key, version=statement.version,
        sequences={statement.form: statement.sequence}, certificates=certificates,
    )  # fmt: skip
    about = (new.name, new.base, new.anchor, new.key)
    old = next((row for row in seen if (row.name, row.base, row.anchor, row.key) == about), None)
    if old is None:
        return (*seen, new)
    merged = replace(new, certificates=certificates or old.certificates)
    if order(old.version) > order(new.version):
        merged = replace(old, certificates=merged.certificates)
    elif order(old.version) == order(new.version):
        numbers = {**old.sequences, statement.form: max(statement.sequence, old.sequences.get(statement.form, 0))}
        merged = replace(merged, sequences=numbers)
    return tuple(merged if row is old else row for row in seen)
