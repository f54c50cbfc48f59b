"""OpenSSL's command line, a second opinion."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path


def openssl(*arguments: str | Path, cwd: Path, status: int = 0) -> str:
    """What a command prints; its exit status must be ``status``."""
    done = run(*arguments, cwd=cwd)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The finished command, whatever it says."""
    return subprocess.run(["openssl", *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def verify(leaf: Path, *, between: Path | None, root: Path, at: datetime, more: Sequence[str] = ()) -> str | None:
    """Why OpenSSL refuses a certificate; None if it does not.

    Release 3.0 knows no purpose of code signing, so that of the signer is left to us; the root's own signature is
    verified, which it is not without being told.
    """
    untrusted = ["-untrusted", between] if between else []
    done = run(
        "verify", "-no-CApath", "-no-CAstore", "-purpose", "any", "-check_ss_sig", "-attime", str(int(at.timestamp())),
        *more, "-CAfile", root, *untrusted, leaf, cwd=leaf.parent,
    )  # fmt: skip
    return None if done.returncode == 0 else done.stderr or "no reason"
