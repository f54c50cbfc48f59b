"""Key files: closed to others from their first moment, never overwritten."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from expertkit.errors import ExpertError, FormatError, SignatureError
from expertkit.signing import keys
from expertkit.signing.ed25519 import public_bytes


@pytest.fixture
def umask() -> Iterator[None]:
    """Whatever a test does to the umask is undone."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o027, 0o077, 0o177, 0o777])
def test_a_new_key_is_its_owners_alone_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    """The mode is 0600 and the key is the one that was made."""
    os.umask(mask)

    made = keys.create(tmp_path / "publisher.key", publisher="mini")

    assert stat.S_IMODE((tmp_path / "publisher.key").stat().st_mode) == 0o600
    assert public_bytes(keys.load(tmp_path / "publisher.key").public_key()) == public_bytes(made.public_key())


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """A file, and a link that points nowhere, stop the making of a key."""
    path, link = tmp_path / "publisher.key", tmp_path / "link.key"
    keys.create(path, publisher="mini")
    link.symlink_to(tmp_path / "elsewhere")
    before = path.read_bytes()

    for taken in (path, link):
        with pytest.raises(SignatureError, match="never overwritten"):
            keys.create(taken, publisher="mini")

    assert path.read_bytes() == before
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o666, 0o644, 0o610])
def test_a_key_that_others_can_touch_is_not_used(tmp_path: Path, mode: int) -> None:
    """Any bit for group or others is a refusal that names the cure."""
    keys.create(tmp_path / "publisher.key", publisher="mini")
    (tmp_path / "publisher.key").chmod(mode)

    with pytest.raises(SignatureError, match="0600") as refusal:
        keys.load(tmp_path / "publisher.key")

    assert refusal.value.hint == f"chmod 600 {tmp_path / 'publisher.key'}"


def test_a_link_a_folder_and_nothing_are_no_keys(tmp_path: Path) -> None:
    """What is opened is the file of that name itself, and it must be a file."""
    keys.create(tmp_path / "real.key", publisher="mini")
    (tmp_path / "link.key").symlink_to(tmp_path / "real.key")

    for name in ("link.key", ".", "missing.key"):
        with pytest.raises(SignatureError, match="expected a private key"):
            keys.load(tmp_path / name)


def test_a_public_key_is_not_overwritten_and_not_written_over_the_private_one(tmp_path: Path) -> None:
    """``b.one`` and ``b.two`` would share b.pub, and my.pub would be its own; no file is left of a refusal."""
    keys.create(tmp_path / "b.one", publisher="mini")
    before = (tmp_path / "b.pub").read_bytes()

    for taken in ("b.two", "my.pub"):
        with pytest.raises(SignatureError):
            keys.create(tmp_path / taken, publisher="mini")
    with pytest.raises(FormatError, match="publisher"):
        keys.create(tmp_path / "c.key", publisher="two\nlines")

    assert (tmp_path / "b.pub").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"b.one", "b.pub"}


def pem(encryption: object = None, *, other: bool = False, size: int = 0) -> bytes:
    """A private key file that is not the one we want."""
    key = generate_private_key(SECP256R1()) if other else Ed25519PrivateKey.generate()
    secret = BestAvailableEncryption(b"secret") if encryption else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret) + b"#" * size


@pytest.mark.parametrize(
    "content",
    [pem(other=True), pem(encryption=True), pem(size=20_000), b"", b"-----BEGIN PRIVATE KEY-----\n"],
    ids=["P-256", "encrypted", "too long", "empty", "cut"],
)
def test_a_file_without_a_plain_ed25519_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """The message names the file and never shows its content."""
    path = tmp_path / "publisher.key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(FormatError, match=r"publisher\.key") as refusal:
        keys.load(path)

    assert "BEGIN" not in str(refusal.value)


def test_the_environment_says_where_the_key_lies() -> None:
    """EXPERTKIT_KEY wins over EXPERTKIT_HOME, which wins over the home folder."""
    assert keys.key_path({"EXPERTKIT_KEY": "/a.key", "EXPERTKIT_HOME": "/home"}) == Path("/a.key")
    assert keys.key_path({"EXPERTKIT_HOME": "/home"}) == Path("/home/publisher.key")
    assert keys.key_path({}) == Path.home() / ".expertkit/publisher.key"


def test_a_missing_or_wrong_public_key_is_named(tmp_path: Path) -> None:
    """The trusted key must be there and well-formed."""
    (tmp_path / "wrong.pub").write_bytes(b"\xff\xfe")

    for name in ("missing.pub", "wrong.pub"):
        with pytest.raises(ExpertError, match=rf"{name}: .*public key"):
            keys.load_public(tmp_path / name)
