"""Pickles: files that run code when they are opened. None goes into a package and none is accepted in one."""

from __future__ import annotations

import re

from expertkit.errors import FormatError

_SUFFIX = re.compile(
    r".*\.(bin|ptl?|pth?|th|ckpt|pkl|pickle|dill|joblib|np[yz]|h5|keras|mar|zip|whl|egg|jar|so|dll|dylib|pyc|exe)"
    r"(\.(gz|bz2|xz|zst|lz4))?",
    re.IGNORECASE,
)
_ZIP = re.compile(rb"PK(\x03\x04|\x05\x06|\x07\x08)")
_PROTOCOL = re.compile(rb"\x80[\x02-\x05]")


def refuse_pickle(name: str, head: bytes) -> None:
    """Return if a member is neither named like a pickle or zip file nor starts like one.

    Args:
        name: the member's name.
        head: its first bytes, nine at least where it has as many.

    Raises:
        FormatError: it may run code when it is opened.
    """
    if _SUFFIX.fullmatch(name):
        raise FormatError(f"member {name!r}: expected no file that may hold a pickle, got one by its name")
    if not _is_safetensors(name, head) and (_ZIP.match(head) or _PROTOCOL.match(head)):
        raise FormatError(f"member {name!r}: expected no pickle or zip file, got one by its first bytes")


def _is_safetensors(name: str, head: bytes) -> bool:
    """A safetensors file starts with the length of its header, whose bytes may look like anything."""
    return name.endswith(".safetensors") and head[6:9] == b"\0\0{"
