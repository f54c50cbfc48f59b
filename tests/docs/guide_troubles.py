"""What the program says of packages that something is wrong with, each made from a sound one."""

from __future__ import annotations

import contextlib
import copy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from expertkit.errors import ExpertError
from expertkit.files import dump_json
from expertkit.manifest import Manifest, load
from expertkit.packages.fitting import fitting
from expertkit.packages.names import MANIFEST, TOKENIZER
from expertkit.packages.reading.forms import read_signatures
from expertkit.packages.sidecar import sidecar
from expertkit.packages.store import Store
from expertkit.packages.streaming import Check, Layers
from tests.cli.running import run
from tests.containers.builders import patched, replaced, signed
from tests.packages.builders import put

NAME = "expert-sql-qwen3-tiny.v1.0.0.expert"


def told(project: Path, *, archives: Path, theirs: Path) -> list[str]:
    """What is printed of each trouble.

    Args:
        project: one whose ``dist/`` holds containers.
        archives: one whose ``dist/`` holds the same as archives, by the same publisher.
        theirs: a package of another program.
    """
    archive = archives / "dist" / NAME
    with contextlib.chdir(project):
        return [*_of_files(archive), *_of_commands(archive, theirs), *_of_programs(archive)]


def _of_files(archive: Path) -> Iterator[str]:
    for name, data in _broken(Path("dist", NAME).read_bytes(), archive).items():
        put(Path(f"broken/{name}.expert"), data)
        yield run(f"verify broken/{name}.expert", status=5).output
    shutil.copyfile("broken/section.expert", Path("broken", NAME))
    shutil.copyfile(sidecar(Path("dist", NAME)), sidecar(Path("broken", NAME)))
    yield run(f"validate broken/{NAME} --verify-integrity", status=5).output


def _broken(good: bytes, archive: Path) -> dict[str, bytes]:
    """Containers that no command accepts, by what is wrong with them."""
    entries = Container(Held(good)).entries
    (signature,) = read_signatures(archive)
    return {
        "garbage": b"<!doctype html>",
        "newer": patched(good, lambda pieces: pieces.header.update(major=2)),
        "flag": patched(good, lambda pieces: pieces.header.update(flags=1 << 3)),
        "type": patched(good, lambda pieces: pieces.entries[-1].update(type=14)),
        "codec": patched(good, lambda pieces: pieces.entries[-1].update(codec=3)),
        "manifest": replaced(good, 200, b"X"),
        "section": replaced(good, entries[0].at + 1000, b"XYZ"),
        "padding": replaced(good, entries[0].at - 1, b"X"),
        "cut": good[:-100],
        "other": signed(good, signature.envelope, chain=signature.chain),
    }


def _of_commands(archive: Path, theirs: Path) -> Iterator[str]:
    yield run(f"verify build/packages/expert-sql-qwen3-tiny/{NAME}", status=5).output
    yield _of_a_stranger()
    yield run(f"validate {archive}").output
    yield run(f"inspect {archive} --list-sections", status=11).output
    yield run(f"convert {theirs} --unsigned", status=12).output
    yield run(f"convert dist/{NAME} --output dist", status=12).output
    yield run(f"convert dist/{NAME} --codec lz4", status=2).output


def _of_a_stranger() -> str:
    """What is said of a package by a key that nobody vouches for."""
    run("keygen --output build/stranger.key --no-passphrase")
    run(f"sign build/packages/expert-sql-qwen3-tiny/{NAME} --key build/stranger.key --output strange")
    return run(f"verify strange/{NAME}", status=5).output


def _of_programs(archive: Path) -> Iterator[str]:
    store, base = Store(Path("troubled")), Path("models/qwen3-tiny")
    digest = store.put(Path("dist", NAME))
    container = Container(store.open(digest))
    manifest = load(container.metadata, file=MANIFEST).manifest
    yield _refusal(lambda: Container(store.open(store.put(archive))))
    yield _refusal(lambda: fitting(manifest, Path("models/qwen3-small")))
    yield _refusal(lambda: fitting(_with_another_tokenizer(manifest), base))
    yield _refusal(lambda: _read_misfits(container, fitting(manifest, base)))
    yield _refusal(lambda: store.open("0" * 64))
    store.path(digest).chmod(0o644)
    yield _refusal(lambda: store.open(digest))


def _with_another_tokenizer(manifest: Manifest) -> Manifest:
    raw = copy.deepcopy(dict(manifest.raw))
    raw["integrity"]["files"][TOKENIZER] = "0" * 64
    return load(dump_json(raw), file=MANIFEST).manifest


def _read_misfits(container: Container, check: Check) -> None:
    """Read a layer, and ask whether it belongs on the base under the number of another one."""
    with Layers(container) as layers:
        check({name.replace(".0.", ".9."): tensor for name, tensor in layers[0].items()})


def _refusal(ask: Callable[[], object]) -> str:
    try:
        ask()
    except ExpertError as error:
        return str(error)
    raise AssertionError("expected an error, got none")
