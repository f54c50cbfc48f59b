"""Names of members: each means the same on every file system.

ASCII, relative, no dots at either end of a part, no device names; two names that differ only in case never meet
in one archive.
"""

from __future__ import annotations

import re
import unicodedata

from expertkit.errors import FormatError

SIGNATURE = "signature.sig"
"""The one member that comes last and is not part of what it signs."""

MAX_LENGTH = 100  # the name field of a ustar header; longer names could be split in several ways
MAX_LEGACY_LENGTH = 200
MAX_DEPTH = 8

_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def check_name(name: str, *, max_length: int = MAX_LENGTH) -> None:
    """Return if ``name`` may be a member's.

    Raises:
        FormatError: it could be read as another place, or not be stored everywhere.
    """
    parts = name.split("/")
    if len(name) > max_length or len(parts) > MAX_DEPTH:
        raise FormatError(f"member {name[:120]!r}: expected at most {max_length} characters and {MAX_DEPTH} levels")
    for part in parts:
        if not _PART.fullmatch(part) or _DEVICE.fullmatch(part):
            raise FormatError(f"member {name!r}: expected a plain relative name, got the part {part!r}")


def order(name: str) -> tuple[bool, bytes]:
    """Sorting key of members: by the bytes of the name, the signature last."""
    return (name == SIGNATURE, name.encode())


def fold(name: str) -> str:
    """Equal for names that some file system takes for one."""
    return unicodedata.normalize("NFKC", name).casefold()
