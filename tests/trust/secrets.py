"""Where a private key could be read, other than in its file: every encoding of it, and whatever to search."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SQLITE = b"SQLite format 3\0"


def encodings(private: Ed25519PrivateKey) -> dict[str, tuple[bytes, ...]]:
    """The seed raw, in hex of either case and in base64, of either alphabet and at any place; and base64 of the DER.

    The seed is what matters of the DER, which has 16 fixed bytes before it: its raw and hex forms hold those of the
    seed. Base64 is cut to what does not depend on the bytes around it.
    """
    seed = private.private_bytes_raw()
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    plain = [_aligned(seed, shift) for shift in range(3)]
    text = base64.b64encode(der)
    return {
        "raw": (seed,),
        "hex": (seed.hex().encode(), seed.hex().upper().encode()),
        "base64": tuple(dict.fromkeys([*plain, *(each.translate(_URL) for each in plain)])),
        "pem": (text.rstrip(b"="),),
    }


def found_in(data: bytes, wanted: Mapping[str, Iterable[bytes]]) -> list[str]:
    """In which encodings a secret is in the data; line ends within base64 do not hide it."""
    joined = data.replace(b"\r", b"").replace(b"\n", b"")
    return [kind for kind, forms in wanted.items() if any(each in data or each in joined for each in forms)]


def leaks(roots: Iterable[Path], wanted: Mapping[str, Iterable[bytes]], *, but: Iterable[Path]) -> Iterator[str]:
    """Each file below the folders that holds a secret, in its bytes, its name or the values of its tables.

    Args:
        roots: the folders.
        wanted: what ``encodings`` gives.
        but: the key's own files.
    """
    own = {path.resolve() for path in but}
    for path in (each for root in roots for each in sorted(root.rglob("*"))):
        texts = [str(path).encode()]
        if path.is_file() and not path.is_symlink() and path.resolve() not in own:
            texts.append(path.read_bytes())
            texts += list(_values(path)) if texts[-1].startswith(SQLITE) else []
        kinds = dict.fromkeys(kind for text in texts for kind in found_in(text, wanted))
        if kinds:
            yield f"{path}: {', '.join(kinds)}"


def _values(path: Path) -> Iterator[bytes]:
    """Every value of a SQLite database, which may lie in pieces on its pages."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        database.text_factory = bytes
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            name = table.decode().replace('"', '""')
            for row in database.execute(f'SELECT * FROM "{name}"'):  # noqa: S608  # a name that the database has itself
                yield from (value if isinstance(value, bytes) else str(value).encode() for value in row)


def _aligned(seed: bytes, shift: int) -> bytes:
    """Base64 of the seed where ``shift`` bytes stand before it, without the letters that other bytes share."""
    text = base64.b64encode(bytes(shift) + seed).rstrip(b"=")
    begin = -(-8 * shift // 6)
    return text[begin : 8 * (shift + len(seed)) // 6]


_URL = bytes.maketrans(b"+/", b"-_")
