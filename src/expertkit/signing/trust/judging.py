"""Whether signatures hold: pure, from what is trusted, what was seen and what the time is.

For each signature: whose key it is, that the key signed these very bytes, that they are about this package, that all
of it is valid now, not revoked and not older than what was seen. Of those that hold, as many different keys are counted
as the rules ask for; why others do not hold is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from expertkit.errors import FormatError, SignatureError
from expertkit.files import sha256_bytes
from expertkit.members.signatures import Signature
from expertkit.signing import dsse
from expertkit.signing.certificates.reading import Certificate
from expertkit.signing.certificates.reading import read as read_certificate
from expertkit.signing.dsse import Envelope
from expertkit.signing.ed25519 import PublicKey
from expertkit.signing.envelope import check_time, opened_by
from expertkit.signing.statement import Statement, format_moment
from expertkit.signing.trust.anchoring import anchor, check_first_use, claimed_key
from expertkit.signing.trust.memory import check_newest, remember
from expertkit.signing.trust.revoking import Revoked, check_revocation, is_good
from expertkit.signing.trust.state import EMPTY, KnownList, Trust, with_pin
from expertkit.signing.trust.verdict import Occasion, Verdict, Voucher


class _OlderError(SignatureError):
    """A trusted key signed it, and newer ones too: no other signature makes up for that."""


def _nobody(_verdict: Verdict) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Whoever looks at packages: what they are held against."""

    trust: Trust
    """Who is trusted, and what was seen."""
    occasion: Occasion
    revoked: Revoked
    """Looks serial numbers up."""
    accepted: Callable[[Verdict], None] = _nobody
    """Is told what was accepted before anybody else is, and may refuse it still."""

    @classmethod
    def of_key(cls, key: PublicKey, *, at: datetime) -> Verifier:
        """One who trusts a single key and remembers nothing."""
        trust = with_pin(EMPTY, key, names=(), how="by hand", added=format_moment(at))
        return cls(trust=trust, occasion=Occasion(at=at), revoked=_no_list)

    def judge(self, signatures: Sequence[Signature], *, about: Callable[[Statement], None]) -> Verdict:
        """Who vouches for a package, and that it holds.

        Args:
            signatures: all that the package has.
            about: raises SignatureError where a statement is about another package.

        Raises:
            SignatureError: fewer keys than the rules ask for; every reason is told. Or one of the signatures is
                malformed, whatever the others say.
        """
        read = [_read(signature) for signature in signatures]
        found: dict[str, Voucher] = {}
        holding: list[tuple[str, bytes]] = []
        failed: list[SignatureError] = []
        for envelope, chain in read:
            try:
                voucher = self._vouch(envelope, chain, about=about)
            except _OlderError as error:
                raise SignatureError(*error.lines, hint=error.hint) from error
            except SignatureError as error:
                failed.append(error)
            else:
                found.setdefault(voucher.statement.key, voucher)
                holding.append((voucher.statement.key, envelope.encode()))
        found, strangers = _split(found)
        failed += strangers
        needed = self.trust.rules.signatures
        if len(found) < needed:
            raise _too_few(len(found), needed, failed)
        uncounted = tuple(line for error in failed for line in error.lines)
        verdict = Verdict(
            vouchers=tuple(found.values()), uncounted=uncounted, rules=self.trust.rules,
            held=tuple(envelope for key, envelope in holding if key in found),
        )  # fmt: skip
        self.accepted(verdict)
        return verdict

    def _vouch(
        self, envelope: Envelope, chain: Sequence[Certificate], *, about: Callable[[Statement], None]
    ) -> Voucher:  # fmt: skip
        """What one signature is worth; what was signed is read once it is known that the key signed it."""
        statement = opened_by(envelope, claimed_key(envelope.keyid, chain, trust=self.trust))
        proven = self.occasion.proven.get(sha256_bytes(envelope.encode()))
        anchored = anchor(statement, chain, trust=self.trust, at=proven or self.occasion.at)
        about(statement)
        check_time(statement, self.occasion.at)
        lists, warnings = check_revocation(
            anchored, trust=self.trust, occasion=self.occasion, revoked=self.revoked, proven=proven
        )  # fmt: skip
        if not self.occasion.allow_older:
            self._check_newest(statement, anchored.anchor)
        return Voucher(statement=statement, anchored=anchored, lists=lists, warnings=warnings)

    def _check_newest(self, statement: Statement, anchor_id: str) -> None:
        seen = [row for row in self.trust.seen if is_good(row, trust=self.trust, revoked=self.revoked)]
        try:
            check_newest(statement, anchor=anchor_id, seen=seen)
        except SignatureError as error:
            raise _OlderError(*error.lines, hint=error.hint) from error


def remembered(trust: Trust, verdict: Verdict, *, at: datetime) -> Trust:
    """What is trusted and was seen from now on.

    Raises:
        SignatureError: another key of the expert was learnt since the verdict.
    """
    for each in verdict.vouchers:
        if each.anchored.trusted_by == "first use":
            check_first_use(each.statement.key, each.statement.name, trust=trust)
    for each in verdict.vouchers:
        path, anchored = each.anchored.path, each.anchored
        certificates = tuple(f"{above.key_id} {below.serial:x}" for below, above in pairwise(path))
        seen = remember(trust.seen, each.statement, anchor=anchored.anchor, certificates=certificates)
        trust = replace(trust, seen=seen)
        if anchored.trusted_by == "first use":
            known = trust.find_pin(anchored.key.id)
            names = (*(known.names if known else ()), each.statement.name)
            trust = with_pin(trust, anchored.key, names=names, how="first use", added=format_moment(at))
    return trust


def _read(signature: Signature) -> tuple[Envelope, tuple[Certificate, ...]]:
    """The parts of a signature, of which nothing is verified yet."""
    try:
        return dsse.decode(signature.envelope), tuple(map(read_certificate, signature.chain))
    except FormatError as error:
        raise SignatureError(str(error)) from error


def _split(found: dict[str, Voucher]) -> tuple[dict[str, Voucher], list[SignatureError]]:
    """The signatures that count, and why others do not: anybody can add one to a package that others vouch for."""
    known = {key: each for key, each in found.items() if each.anchored.trusted_by != "first use"}
    if not known:
        return found, []
    message = "key {}: nobody vouches for it, and a key is learnt only from a package that nobody else vouches for"
    return known, [SignatureError(message.format(key[:12])) for key in found if key not in known]


def _too_few(found: int, needed: int, failed: Sequence[SignatureError]) -> SignatureError:
    reasons = [line for error in failed for line in error.lines]
    hint = next((error.hint for error in failed if error.hint), None)
    if needed == 1 and reasons:
        return SignatureError(*reasons, hint=hint)
    message = f"signatures: expected {needed} by different keys that you trust, got {found}"
    return SignatureError(message, *reasons, hint=hint or "ask for a package that more of its publishers have signed")


def _no_list(_known: KnownList, _serial: int) -> None:
    """Where no list is known, none is asked."""
