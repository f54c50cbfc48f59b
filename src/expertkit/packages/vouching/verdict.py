"""Why a package is trusted, as one value and one screen for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from expertkit.packages.vouching.verify import Verified
from expertkit.signing.trust import KnownList, Occasion, Rules, Voucher

_MODES = {"listed": "roots and keys that were added", "first use": "also the first key seen of an expert"}
_REASONS = {
    "root": "a root that you trust vouches for it",
    "pin": "you trust this key itself",
    "first use": "nobody else signed this expert before; its key is known from now on",
}


def facts(path: Path, verified: Verified, *, occasion: Occasion, is_kept: bool) -> dict[str, Any]:
    """The verdict as JSON values.

    Args:
        path: the package.
        verified: what was found.
        occasion: when and how it was looked at.
        is_kept: whether it is remembered as the newest that was seen.
    """
    said, contents = verified.statement, verified.contents
    return {
        "verdict": "accepted", "valid": True, "file": str(path), "form": contents.form,
        "bytes": path.stat().st_size,
        "name": said.name, "version": said.version, "base": asdict(said.base),
        "members": len(contents.listed), "content_digest": contents.content_digest,
        "evidence": said.evidence and asdict(said.evidence),
        "publisher": verified.verdict.vouchers[0].anchored.key.publisher,
        "key": said.key, "created": said.created, "expires": said.expires, "sequence": said.sequence,
        "signers": [_signer(each) for each in verified.verdict.vouchers],
        "uncounted": list(verified.verdict.uncounted), "warnings": list(verified.verdict.warnings),
        "policy": _policy(verified.verdict.rules), "kept": is_kept, "older_allowed": occasion.allow_older,
    }  # fmt: skip


def render(found: Mapping[str, Any]) -> Iterator[str]:
    """The facts as the lines of a screen."""
    yield f"file        {found['file']} ({found['form']}, {found['bytes']:,} bytes)"
    expert = f"{found['name']} {found['version']} for {found['base']['name']}"
    yield f"expert      {expert}, {found['members']} members intact"
    yield f"digest      {found['content_digest']}"
    for signer in found["signers"]:
        yield from _render_signer(signer, older_allowed=found["older_allowed"])
    yield from (f"not counted {line}" for line in found["uncounted"])
    yield from (f"warning     {line}" for line in found["warnings"])
    policy = found["policy"]
    yield f"policy      signed; {len(found['signers'])} of {policy['signatures']} needed; {_MODES[policy['mode']]}"
    yield f"verdict     accepted; {'remembered as seen' if found['kept'] else 'not remembered as seen'}"


def _render_signer(signer: Mapping[str, Any], *, older_allowed: bool) -> Iterator[str]:
    yield f"signer      {signer['who']!r}, key {signer['key'][:12]}: {_REASONS[signer['trusted_by']]}"
    yield f"chain       {' <- '.join(signer['chain']) or 'none: the key stands for itself'}"
    yield f"validity    signed {signer['created']}, holds until {signer['expires']}"
    asked = "; ".join(signer["lists"])
    revoked = "see the warning" if signer["warnings"] else "not revoked"
    yield f"revocation  {f'{revoked}, says {asked}' if asked else 'no list was asked'}"
    yield f"sequence    {signer['sequence']} of this key{'' if older_allowed else '; nothing newer was seen'}"


def _signer(voucher: Voucher) -> dict[str, Any]:
    said, anchored = voucher.statement, voucher.anchored
    return {
        "who": anchored.key.publisher, "calls_itself": said.publisher, "key": said.key,
        "trusted_by": anchored.trusted_by, "anchor": anchored.anchor, "chain": [each.subject for each in anchored.path],
        "created": said.created, "expires": said.expires, "sequence": said.sequence,
        "warnings": list(voucher.warnings),
        "lists": [_list(each, voucher) for each in voucher.lists],
    }  # fmt: skip


def _list(known: KnownList, voucher: Voucher) -> str:
    who = next(each.subject for each in voucher.anchored.path if each.key_id == known.issuer)
    return f"list {known.number} of {who}, good until {known.next_update}"


def _policy(rules: Rules) -> dict[str, Any]:
    return {"level": "signed", "mode": rules.mode, "signatures": rules.signatures}
