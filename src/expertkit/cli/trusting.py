"""What the commands that take packages in share: who is trusted, what for, and what is kept of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from expertkit import layout
from expertkit.cli import options
from expertkit.cli.main import say, warn

if TYPE_CHECKING:
    from expertkit.members.contents import Contents
    from expertkit.packages.vouching.trust import TrustStore
    from expertkit.signing.trust import Verdict, Verifier

F = TypeVar("F", bound=Callable[..., object])

key = click.option(
    "--key", type=options.PATH, metavar="PUBFILE",
    help="A public key to trust this once, beside what expert-cli trust list shows.",
)  # fmt: skip
publisher = click.option(
    "--key", type=options.PATH, default=layout.PUBLISHER, show_default=True, metavar="PUBFILE",
    help="The publisher's public key, which is trusted here.",
)  # fmt: skip
allow_older = click.option(
    "--allow-older", is_flag=True, help="Take an older package than was seen of this expert, this once."
)
trusted_key = click.option(
    "--trusted-key", type=options.PATH, metavar="PUBFILE",
    help="A public key to trust this once, beside what expert-cli trust list shows.",
)  # fmt: skip
unsigned = click.option(
    "--unsigned", is_flag=True, help="Ask nobody who vouches for it; what comes of it is as little trusted."
)


def open_store() -> TrustStore:
    """The trust of the user."""
    from expertkit.packages.vouching.trust import TrustStore, trust_folder

    return TrustStore(folder=trust_folder(os.environ))


def make_verifier(
    pinned: Path | None = None, *, at: datetime | None = None, allow_older: bool = False, is_kept: bool = True
) -> Verifier:  # fmt: skip
    """One who holds packages against what the user trusts, and the key in ``pinned`` besides.

    Args:
        pinned: a file.
        at: the time; by default now.
        allow_older: whether an older package than was seen is taken.
        is_kept: whether what is accepted is remembered.

    Raises:
        SignatureError: nobody is trusted.
    """
    from expertkit.errors import SignatureError
    from expertkit.signing import keys
    from expertkit.signing.statement import format_moment
    from expertkit.signing.trust import Occasion, Verifier
    from expertkit.signing.trust.state import with_pin

    store, moment = open_store(), at or datetime.now(UTC)
    trust = store.read()
    if pinned is not None:
        trust = with_pin(trust, keys.load_public(pinned), names=(), how="by hand", added=format_moment(moment))
    if trust.is_empty:
        message = f"{store.path}: expected somebody that you trust, got nobody"
        hint = "expert-cli trust add ROOT.pem, expert-cli trust pin PUBFILE, or --key PUBFILE this once"
        raise SignatureError(message, hint=hint)
    return Verifier(
        trust=trust, occasion=Occasion(at=moment, use="install", allow_older=allow_older), revoked=store.revoked,
        **({"accepted": remember} if is_kept and store.path.exists() else {}),
    )  # fmt: skip


def make_unless(
    *, unsigned: bool, pinned: Path | None, packages: Iterable[Path], allow_older: bool
) -> Verifier | None:  # fmt: skip
    """One who looks at packages, or None, said aloud, where nobody was asked for.

    Raises:
        click.UsageError: what was asked for contradicts itself.
        SignatureError: nobody is trusted.
    """
    if not unsigned:
        return make_verifier(pinned, allow_older=allow_older)
    if pinned is not None or allow_older:
        raise click.UsageError("expected --unsigned without --key, --trusted-key and --allow-older")
    for path in packages:
        say(f"Warning: {path}: taken unsigned, nobody was asked who vouches for it", err=True)
    return None


def take(package: Path, verifier: Verifier | None, *, compatible: bool = False) -> Contents:
    """What is in a package that somebody who is trusted vouches for, or that nobody was asked about.

    Args:
        package: the file.
        verifier: who looks; None takes it unsigned.
        compatible: whether to put up, unsigned, with what others packed.

    Raises:
        SignatureError: nobody vouches for it.
        ExpertError: it is not sound.
    """
    from expertkit.packages.reading.opening import open_expert
    from expertkit.packages.vouching.verify import verify

    if verifier is not None:
        return verify(package, verifier=verifier).contents
    opened = open_expert(package, compatible=compatible)
    if opened.package is None:
        raise click.UsageError(f"{package}: expected a package, got a {opened.kind}")
    warn(opened.reading.warnings)
    return opened.package.contents


def remember(verdict: Verdict) -> None:
    """Keep what was seen.

    Raises:
        SignatureError: another key of the expert was learnt meanwhile.
    """
    from expertkit.signing.trust import remembered

    open_store().update(lambda trust: remembered(trust, verdict, at=datetime.now(UTC)))
