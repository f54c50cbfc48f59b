"""``keygen`` as a person types it, and keys that leave no trace."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from expertkit.signing import keys
from tests.cli.running import NAME, PAIR, enter_project, run, run_json

SECRET = "correct horse"  # noqa: S105  # of keys that are thrown away


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with a signer's home in it and no file with a passphrase named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXPERTKIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EXPERTKIT_KEY", raising=False)
    monkeypatch.delenv("EXPERTKIT_PASSPHRASE_FILE", raising=False)
    return tmp_path


@pytest.fixture
def passphrase(folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a passphrase, which is named, in another folder than the current one."""
    assert folder == Path.cwd()
    path = tmp_path_factory.mktemp("secret") / "passphrase"
    path.touch(mode=0o600)
    path.write_text(f"{SECRET}\n")
    monkeypatch.setenv("EXPERTKIT_PASSPHRASE_FILE", str(path))
    return path


@pytest.fixture
def umask() -> Iterator[None]:
    """Whatever a test does to the umask is undone."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_every_umask_gives_a_private_file(folder: Path) -> None:
    """All 512 of them: nobody's settings open a key to others or close it to its owner."""
    for mask in range(0o1000):
        os.umask(mask)
        run(f"keygen --no-passphrase --output {mask:03o}.key")
        assert stat.S_IMODE((folder / f"{mask:03o}.key").stat().st_mode) == 0o600, oct(mask)


@pytest.mark.usefixtures("umask", "passphrase")
@pytest.mark.parametrize("mask", [0o000, 0o027, 0o777])
def test_an_encrypted_key_is_private_too_and_opens(folder: Path, mask: int) -> None:
    """The passphrase of the file opens it."""
    os.umask(mask)
    made = run_json("keygen --publisher 'Ada Example'")

    path = folder / "home/publisher.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert keys.public_key(keys.load(path), publisher="Ada Example").id == made["id"]


@pytest.mark.parametrize("flags", ["", "--passphrase", "--ensure --passphrase", "--p256 --output a.pem"])
def test_without_a_passphrase_nothing_is_written(folder: Path, flags: str) -> None:
    """The usage error names the three ways."""
    message = run(f"keygen {flags}", status=2).stderr

    assert [way for way in ("terminal", "$EXPERTKIT_PASSPHRASE_FILE", "--no-passphrase") if way not in message] == []
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("flags", ["--no-passphrase", "--ensure", "--p256 --no-passphrase --output a.pem"])
def test_a_key_without_a_passphrase_is_said_aloud(flags: str) -> None:
    """On stderr, where the output of a pipe does not hide it."""
    made = run(f"keygen {flags}")

    assert "has no passphrase: whoever reads the file can sign with it" in made.stderr
    assert "passphrase" not in made.stdout


@pytest.mark.usefixtures("passphrase")
def test_a_key_with_a_passphrase_is_not_warned_of(folder: Path) -> None:
    """And --ensure leaves it as it is."""
    made = run("keygen --passphrase")
    before = (folder / "home/publisher.key").read_bytes()

    again = run("keygen --ensure")

    assert "has no passphrase" not in made.stderr
    assert "made the key" not in again.stderr
    assert again.stdout == made.stdout
    assert (folder / "home/publisher.key").read_bytes() == before


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "flags", ["--p256", "--p256 --output a.pem --ensure", "--p256 --output a.pem --publisher Ada", "--passphrase=word"]
)
def test_what_means_nothing_is_a_usage_error(flags: str) -> None:
    """P-256 keys have a place and no publisher, and no passphrase is typed into a command line."""
    run(f"keygen {flags}", status=2)


def spellings(path: Path) -> dict[str, bytes]:
    """The seed of an Ed25519 key as it could turn up elsewhere."""
    key = keys.load(path)
    seed = key.private_bytes_raw()
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "raw": seed, "hex": seed.hex().encode(), "base64": base64.b64encode(seed).rstrip(b"="),
        "PEM": base64.b64encode(der)[24:],  # its first 16 bytes are the same in every key
    }  # fmt: skip


def test_keys_and_passphrases_turn_up_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passphrase: Path
) -> None:
    """Neither in what keygen, sign and verify print nor in any file but the key's own."""
    enter_project(tmp_path, monkeypatch)
    closed, opened = Path("closed.key"), Path("open.key")
    commands = [
        f"keygen --output {closed} --publisher Ada",
        f"keygen --output {opened} --no-passphrase --json",
        f"package {PAIR} --output mine",
        *(f"sign mine/{NAME} --key {path} --output {path.stem}" for path in (closed, opened)),
        *(f"verify {path.stem}/{NAME} --key {path.stem}.pub" for path in (closed, opened)),
    ]
    printed = [run(command).output for command in commands]
    passphrase.write_text("battery staple")
    printed.append(run(f"sign mine/{NAME} --key {closed} --output again", status=5).output)
    passphrase.write_text(SECRET)
    secrets = {f"{path} {name}": text for path in (closed, opened) for name, text in spellings(path).items()}
    secrets |= {"passphrase": SECRET.encode(), "wrong passphrase": b"battery staple"}

    found = [
        (str(path), name)
        for path in sorted(tmp_path.rglob("*"))
        if path.is_file()
        for name, text in secrets.items()
        if text in path.read_bytes()
    ]
    said = [name for name, text in secrets.items() if text in "".join(printed).encode()]

    assert found == [
        (str(tmp_path / opened), f"{opened} PEM")
    ]  # where it belongs, so that the search is proved to find
    assert said == []
