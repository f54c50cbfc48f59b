"""Where a passphrase comes from: a file of one's own or the terminal, never the command line or the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from getpass import getpass
from pathlib import Path

from expertkit.errors import SignatureError, printable
from expertkit.signing.keys.guarded import read_own

Passphrase = Callable[[Path], bytes]
"""What gives the passphrase of the private key in a file."""

VARIABLE = "EXPERTKIT_PASSPHRASE_FILE"
"""The environment variable that names a file whose first line is the passphrase."""
_MAX_SIZE = 1023  # more than that OpenSSL cuts
_HINT = f"name a file of mode 0600 that holds it in ${VARIABLE}, or run the command on a terminal, which asks for it"


def is_at_hand() -> bool:
    """Whether a passphrase can be had: a file is named, or there is a terminal to ask."""
    return bool(os.environ.get(VARIABLE)) or _is_terminal()


def find(path: Path) -> bytes:
    """The passphrase of the private key ``path``: the first line of the file that is named, or what is typed.

    Raises:
        SignatureError: there is neither, or it is no passphrase.
    """
    named = _named()
    if named is not None:
        return named
    _check_terminal(f"{path}: expected its passphrase", hint=_HINT)
    return _ask(f"Passphrase of {path}: ")


def choose(path: Path) -> bytes:
    """A passphrase for the new private key ``path``: of the file that is named, or typed twice.

    Raises:
        SignatureError: there is neither, it is no passphrase, or the second is another.
    """
    named = _named()
    if named is not None:
        return named
    _check_terminal(f"{path}: expected a passphrase", hint=_HINT)
    chosen = _ask(f"New passphrase of {path}: ")
    if _ask("The same again: ") != chosen:
        raise SignatureError("passphrase: expected the same twice, got two")
    return chosen


def ask_pin(token: str) -> bytes:
    """The PIN of a token, as typed.

    Raises:
        SignatureError: there is no terminal, or it is no PIN.
    """
    _check_terminal(f"token {token!r}: expected its PIN", hint="add ?pin-source=file:/PATH to the URI")
    return _ask(f"PIN of token {token!r}: ")


def read(path: Path) -> bytes:
    """The passphrase in a file: its first line.

    Raises:
        SignatureError: there is none, or others can read or replace it.
        FormatError: the file is too long.
    """
    first = read_own(path, what="a passphrase").partition(b"\n")[0]
    return _check(first.removesuffix(b"\r"), where=str(path))


def _named() -> bytes | None:
    file = os.environ.get(VARIABLE)
    return read(Path(file)) if file else None


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _check_terminal(wanted: str, *, hint: str) -> None:
    if not _is_terminal():
        raise SignatureError(f"{wanted}, got neither a file nor a terminal", hint=hint)


def _ask(prompt: str) -> bytes:
    typed = getpass(printable(prompt))
    return _check(typed.encode(errors="surrogateescape"), where="terminal")


def _check(passphrase: bytes, *, where: str) -> bytes:
    """The passphrase, if every program takes it for the same."""
    if not 1 <= len(passphrase) <= _MAX_SIZE or b"\0" in passphrase:
        expected = f"a passphrase of 1 to {_MAX_SIZE} bytes without NUL"
        raise SignatureError(f"{where}: expected {expected}, got {'another' if passphrase else 'none'}")
    return passphrase
