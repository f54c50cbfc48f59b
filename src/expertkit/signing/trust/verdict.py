"""What is asked about signatures, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from expertkit.signing.certificates.reading import Certificate
from expertkit.signing.ed25519 import PublicKey
from expertkit.signing.statement import Statement
from expertkit.signing.trust.state import KnownList, Rules

Reason = Literal["root", "pin", "first use"]
"""Why a key is trusted: a root vouches for it, it was added itself, or nobody else signed this expert before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """When and what for a package is looked at."""

    at: datetime
    use: Literal["install", "load"] = "install"
    """Whether it comes in, or is here and about to be used."""
    allow_older: bool = False
    """Whether somebody said that an older package than was seen is meant."""
    proven: Mapping[str, datetime] = field(default_factory=dict)
    """When a witness says that a signature was there, by SHA-256 of its envelope: certificates have to hold then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """A key and why it is trusted."""

    key: PublicKey
    """Its publisher is the certificate's subject or what the pin says, never what the package says."""
    anchor: str
    """Id of the root, or of the key itself."""
    trusted_by: Reason
    path: tuple[Certificate, ...] = ()
    """From the key's certificate to the root; empty where the key itself is trusted."""
    needs_list: bool = False
    """Whether each authority of the path must have a revocation list here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """One signature that holds."""

    statement: Statement
    anchored: Anchored
    lists: tuple[KnownList, ...]
    """The revocation lists that were asked."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A package that is trusted."""

    vouchers: tuple[Voucher, ...]
    """By different keys, at least as many as the rules ask for."""
    uncounted: tuple[str, ...]
    """Why other signatures do not count."""
    rules: Rules
    """What was asked for."""
    held: tuple[bytes, ...]
    """The envelopes of every signature that holds, of one key too."""

    @property
    def statement(self) -> Statement:
        """The first of them; the others are about the same package."""
        return self.vouchers[0].statement

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was put up with."""
        return tuple(dict.fromkeys(each for voucher in self.vouchers for each in voucher.warnings))
