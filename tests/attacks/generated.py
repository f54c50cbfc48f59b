"""Archives made hostile at random, many of them: ``python -m tests.attacks.generated [COUNT]``, ``make attack``.

Each is a sound, signed package with something changed: a value in one of its JSON members with all hashes made right
again, bytes of its tar layer, fields of its headers with their checksum made right again, members cut, doubled or
exchanged, or bytes of the compressed file. It is read in both forms, by everything that reads packages. An
archive is either refused with an error of ours, or: as our own it is byte for byte what writing its members gives,
and unpacked it leaves exactly its members as plain files in its folder and nothing beside. Prints what
came of them; exits with 1 if one of them wrote outside, was followed through a link, took over 5 s or 200 MB.
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from expertkit.archives import archive, tar
from expertkit.archives.archive import scan
from expertkit.archives.gzip import Form
from expertkit.errors import ExpertError
from expertkit.files import dump_json, sha256_bytes, sha256_file
from expertkit.members.contents import Contents
from expertkit.packages.difference import diff
from expertkit.packages.difference import render as render_differences
from expertkit.packages.inspection import inspect
from expertkit.packages.inspection import render as render_facts
from expertkit.packages.reading.opening import open_expert
from expertkit.packages.reading.unpack import unpack
from expertkit.packages.vouching.verify import verify
from tests.archives.builders import decode, encode, gunzipped, gzipped
from tests.packages.builders import make_project, sign, verifier

COUNT = 100_000
LONGEST_S = 5.0
LARGEST_BYTES = 200 << 20
_BATCH = 500
_FORMS: tuple[Form, ...] = ("archive", "legacy")
_NAMES = (
    b"../../evil", b"/etc/passwd", b"docs", b"docs/../x", b"a.JSON", b"A.json", b"con", b".", b"", b"a//b",
    b"a\\b", b"a\nb", b"manifest.json", b"readme.md", b"x" * 100, b"\xc3\xa4", b"signature.sig", b"docs/a.txt/b",
)  # fmt: skip
_KINDS = b"0\x00" + b"123456789xgLKSVMDNZ"


def main(count: int) -> int:
    """Try so many, and give the exit status."""
    batches = [(start, min(_BATCH, count - start)) for start in range(0, count, _BATCH)]
    told: Counter[str] = Counter()
    longest = 0.0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for done, (found, slowest) in enumerate(pool.map(_try_batch, batches), 1):
            told += found
            longest = max(longest, slowest)
            click.echo(f"\r{min(done * _BATCH, count):,} of {count:,}", nl=False, err=True)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    found = ", ".join(f"{name} {times:,}" for name, times in sorted(told.items()))
    click.echo(f"\n{count:,} archives in two forms: {found}")
    click.echo(f"slowest {longest:.3f} s, largest process {memory >> 20} MB")
    return int(bool(told["WRONG"]) or longest > LONGEST_S or memory > LARGEST_BYTES)


def _try_batch(batch: tuple[int, int]) -> tuple[Counter[str], float]:
    start, count = batch
    told: Counter[str] = Counter()
    longest = 0.0
    with TemporaryDirectory() as folder:
        for number in range(start, start + count):
            rng = random.Random(number)
            data = hostile(rng)
            for form in _FORMS:
                begun = time.monotonic()
                told[attempt(data, Path(folder) / str(number), form)] += 1
                longest = max(longest, time.monotonic() - begun)
    return told, longest


def attempt(data: bytes, folder: Path, form: Form) -> str:
    """What came of one archive: refused, accepted, or WRONG."""
    folder.mkdir()
    package = folder / "x.expert"
    package.write_bytes(data)
    try:
        _open(package)
        contents = scan(package, form=form)
        unpack(package, folder / "new", contents=contents)
    except ExpertError:
        verdict = "refused" if [*folder.iterdir()] == [package] else "WRONG"
    else:
        verdict = "accepted" if _is_right(data, folder, contents) else "WRONG"
    if {path.name for path in folder.parent.iterdir()} != {folder.name}:
        verdict = "WRONG"
    _remove(folder)
    return verdict


def _open(package: Path) -> None:
    """What validate, inspect, diff and verify do: whatever is wrong is an error of ours."""
    with suppress(ExpertError):
        opened = open_expert(package, compatible=True)
        for page in (render_facts(inspect(opened)), render_differences(diff(opened, opened))):
            if page == "":
                raise AssertionError("a page without a word")
    with suppress(ExpertError):
        verify(package, verifier=verifier())


def _is_right(data: bytes, folder: Path, contents: Contents) -> bool:
    """Whether what was accepted is what it has to be: its members as plain files, and nothing beside them."""
    if {path.name for path in folder.iterdir()} != {"x.expert", "new"}:
        return False
    inside = [path for path in (folder / "new").rglob("*") if path.is_symlink() or not path.is_dir()]
    if not all(path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1 for path in inside):
        return False
    files = {str(path.relative_to(folder / "new")): (path.stat().st_size, sha256_file(path)) for path in inside}
    if files != contents.members:
        return False
    if contents.form == "legacy":
        return True
    found = {part.name: b"".join(part.chunks) for part in archive.read(io.BytesIO(data))}
    return gunzipped(encode(found)) == gunzipped(data)


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    folder.rmdir()


@cache
def members() -> dict[str, bytes]:
    """Those of a signed package."""
    with TemporaryDirectory() as folder:
        return decode(sign(make_project(Path(folder))).read_bytes())


def hostile(rng: random.Random) -> bytes:
    """A package with something changed in it, and with it untouched one time in fifty."""
    inside = _rewritten(members(), rng) if rng.random() < 0.3 else members()
    layer = gunzipped(encode(inside))
    if inside is not members() or rng.random() < 0.02:
        return gzipped(layer, level=rng.choice((0, 9)))
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        layer = rng.choice((_flip, _field, _name, _kind, _size, _cut, _exchange, _splice))(layer, rng)
    data = gzipped(layer, level=rng.choice((0, 1, 9)))
    return _flip(data, rng) if rng.random() < 0.2 else data


_VALUES = (
    None, True, 0, -1, 1.5, 10**400, "", "x" * 3000, "../../evil", "/etc/passwd", "\x1b]0;owned\x07", "a\nb", [], {},
    [[]], {"": {}}, "nan", ["q_proj"] * 3, "\u2028",
)  # fmt: skip


def _rewritten(found: dict[str, bytes], rng: random.Random) -> dict[str, bytes]:
    """Another value somewhere in one of the JSON members, with every hash in the manifest made right again."""
    name = rng.choice([each for each in found if each.endswith(".json")])
    changed = {**found, name: json.dumps(_with_another_value(json.loads(found[name]), rng)).encode()}
    if name != "manifest.json" and rng.random() < 0.9:
        manifest = json.loads(changed["manifest.json"])
        manifest["integrity"]["files"][name] = sha256_bytes(changed[name])
        changed["manifest.json"] = dump_json(manifest)
    return changed


def _with_another_value(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        return {**value, key: _with_another_value(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        return [*value[:at], _with_another_value(value[at], rng), *value[at + 1 :]]
    return rng.choice(_VALUES)


def _headers(layer: bytes) -> list[int]:
    """Where headers begin, as far as they can be made out."""
    return [at for at in range(0, len(layer) - tar.BLOCK + 1, tar.BLOCK) if layer[at + 257 : at + 262] == b"ustar"]


def _patch(layer: bytes, at: int, offset: int, value: bytes) -> bytes:
    """Other bytes in the header at ``at``, and its checksum made right again."""
    block = bytearray(layer[at : at + tar.BLOCK])
    block[offset : offset + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return layer[:at] + bytes(block[: tar.BLOCK]) + layer[at + tar.BLOCK :]


def _some_header(layer: bytes, rng: random.Random, offset: int, value: bytes) -> bytes:
    headers = _headers(layer)
    return _patch(layer, rng.choice(headers), offset, value) if headers else layer


def _flip(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data)) if data else 0
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def _field(layer: bytes, rng: random.Random) -> bytes:
    return _some_header(layer, rng, rng.randrange(500), rng.randbytes(rng.choice((1, 2, 8))))


def _name(layer: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.2:
        return _some_header(layer, rng, 345, rng.choice(_NAMES)[:155])
    return _some_header(layer, rng, 0, rng.choice(_NAMES).ljust(100, b"\0"))


def _kind(layer: bytes, rng: random.Random) -> bytes:
    layer = _some_header(layer, rng, 157, rng.choice((b"../../evil", b"/etc/passwd", b"README.md")))
    return _some_header(layer, rng, 156, bytes([rng.choice(_KINDS)]))


def _size(layer: bytes, rng: random.Random) -> bytes:
    size = rng.choice((0, 1, 511, 512, 513, 2**20, 2**30, 2**30 + 1, 8**11 - 1, rng.randrange(2**33)))
    return _some_header(layer, rng, 124, rng.choice((b"%011o\0" % size, b"%12o" % size, b"-%010o\0" % size)))[
        : len(layer)
    ]


def _cut(layer: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(0, len(layer) + 1, rng.choice((1, tar.BLOCK)))
    return layer[:at] if rng.random() < 0.5 else layer[:at] + layer[at + tar.BLOCK * rng.randrange(1, 4) :]


def _exchange(layer: bytes, rng: random.Random) -> bytes:
    blocks = [layer[at : at + tar.BLOCK] for at in range(0, len(layer), tar.BLOCK)]
    first, second = rng.randrange(len(blocks) or 1), rng.randrange(len(blocks) or 1)
    if blocks:
        blocks[first], blocks[second] = blocks[second], blocks[first]
    return b"".join(blocks)


def _splice(layer: bytes, rng: random.Random) -> bytes:
    """A second archive inside, after or before the first."""
    at = rng.randrange(0, len(layer) + 1, tar.BLOCK)
    other = gunzipped(encode({rng.choice(("a", "docs/b", "zz")): rng.randbytes(rng.randrange(600))}))
    return layer[:at] + other[: rng.randrange(0, len(other) + 1, tar.BLOCK)] + layer[at:]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
