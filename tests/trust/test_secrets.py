"""A private key is in its own file and nowhere else, whatever is done with it."""

from __future__ import annotations

import base64
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from expertkit.signing import keys
from tests.packages.builders import RECIPE, make_project, put
from tests.trust.conditions import NAME, Place
from tests.trust.places import PROGRAM
from tests.trust.secrets import encodings, found_in, leaks

_PAIR = ("--expert", RECIPE.expert, "--base", RECIPE.base)
_SIGNED = f"build/signed/{RECIPE.key}/{NAME}"
SESSION = (
    ("keygen", "--ensure"), ("package", *_PAIR), ("sign", *_PAIR), ("verify", _SIGNED),
    ("convert", _SIGNED, "--output", "converted", "--key", "../home/publisher.key"), ("inspect", f"converted/{NAME}"),
    ("trust", "list"), ("cert", "show", "../home/publisher.crt"), ("release",), ("promote",), ("sign", "no.expert"),
    ("keygen", "--output", "../home/publisher.key"),
)  # fmt: skip
"""What a publisher types; the last two fail, for errors may tell too much as well."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, bytes]:
    """A project after such a session, and all that was printed and seen of its processes meanwhile."""
    place = Place(folder=tmp_path_factory.mktemp("session"), form="archive")
    make_project(place.project)
    put(place.project / "params.yaml", b"experts: [expert-mini]\n")
    seen = [part for words in SESSION for part in _typed(place, words)]
    return place, b"\n".join(seen)


def _typed(place: Place, words: tuple[str, ...]) -> Iterator[bytes]:
    """Type a command; gives how its processes were called, in which environment, and what they printed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("EXPERTKIT_")}
    output = place.folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [str(PROGRAM), *words], cwd=place.project, env=own | {"EXPERTKIT_HOME": str(place.home)},
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
        while process.poll() is None:
            yield from _look(process.pid)
            time.sleep(0.02)
    assert (process.returncode == 0) == (words not in SESSION[-2:]), output.read_text()
    yield output.read_bytes()
    output.unlink()


def _look(pid: int) -> Iterator[bytes]:
    """Command line and environment of a process and of those that it started."""
    folder = Path("/proc", str(pid))
    with suppress(OSError):  # it may have ended
        yield from ((folder / name).read_bytes() for name in ("cmdline", "environ"))
        for child in (folder / f"task/{pid}/children").read_text().split():
            yield from _look(int(child))


def test_only_the_key_s_file_holds_the_key(session: tuple[Place, bytes]) -> None:
    """Neither output, command lines and environments nor any other file have it, in any encoding."""
    place, seen = session
    wanted = encodings(place.private)

    assert b"EXPERTKIT_HOME=" in seen
    assert b"verdict     accepted" in seen
    assert found_in(seen, wanted) == []
    assert list(leaks([place.folder], wanted, but=[place.home / "publisher.key"])) == []
    assert list(leaks([place.home], wanted, but=[])) == [f"{place.home}/publisher.key: base64, pem"]


def test_only_the_root_s_file_holds_the_key_of_the_root(session: tuple[Place, bytes]) -> None:
    """The local root's key is as secret as the publisher's."""
    place, seen = session
    wanted = encodings(place.root_private)

    assert found_in(seen, wanted) == []
    assert list(leaks([place.folder], wanted, but=[place.root.key])) == []


@pytest.mark.parametrize("before", range(3))
@pytest.mark.parametrize("kind", ["raw", "hex", "base64", "url", "pem", "table", "name"])
def test_a_leak_would_be_found(tmp_path: Path, kind: str, before: int) -> None:
    """Wherever in a file, a table or a name the key stands: the search cannot pass for seeing nothing."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(200, 232)))
    seed, path = private.private_bytes_raw(), tmp_path / "notes"
    around = b"x" * before + seed + b"yz"
    if kind == "table":
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE notes (note TEXT)")
            database.execute("INSERT INTO notes VALUES (?)", ("z" * 4060 * before + seed.hex(),))
            database.commit()
    elif kind == "name":
        (tmp_path / seed.hex()).touch()
    elif kind == "pem":
        keys.create(tmp_path / "publisher.key", publisher="Ada", passphrase=None)
        private = keys.load(tmp_path / "publisher.key")
        shutil.move(tmp_path / "publisher.key", path)
    else:
        made = {
            "raw": around, "hex": around.hex().encode(), "base64": base64.b64encode(around),
            "url": base64.urlsafe_b64encode(around),
        }  # fmt: skip
        path.write_bytes(b"note: " + made[kind] + b"\n")

    assert len(list(leaks([tmp_path], encodings(private), but=[]))) == 1


def test_an_encrypted_key_s_file_does_not_hold_it_either(tmp_path: Path) -> None:
    """With a passphrase there is no file at all that has it."""
    private = keys.create(tmp_path / "publisher.key", publisher="Ada", passphrase=b"correct horse")

    assert list(leaks([tmp_path], encodings(private), but=[])) == []
