"""Key files: closed to others from their first moment, encrypted on request, never overwritten."""

from __future__ import annotations

import base64
import errno
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from expertkit.errors import ExpertError, FormatError, SignatureError
from expertkit.signing import keys
from expertkit.signing.keys import guarded, pkcs8

SECRET = b"correct horse"


@pytest.fixture
def umask() -> Iterator[None]:
    """Whatever a test does to the umask is undone."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def make(path: Path, *, passphrase: bytes | None = None) -> Path:
    """A new key of the publisher mini."""
    keys.create(path, publisher="mini", passphrase=passphrase)
    return path


def answer(_path: Path) -> bytes:
    """The passphrase of every key of these tests."""
    return SECRET


def never(path: Path) -> bytes:
    """A passphrase that nobody may ask for."""
    pytest.fail(f"asked for the passphrase of {path}")


@pytest.mark.usefixtures("umask")
def test_a_new_key_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    """With each of the 512 umasks the mode is 0600, and the key is the one that was made."""
    for mask in range(0o1000):
        os.umask(mask)
        path = tmp_path / f"{mask:03o}.key"
        made = keys.create(path, publisher="mini", passphrase=None)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, oct(mask)
        assert keys.load(path, passphrase=never).private_bytes_raw() == made.private_bytes_raw()


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_a_key_with_a_passphrase_in_new_folders_is_its_owners_alone(tmp_path: Path, mask: int) -> None:
    """Folders that had to be made are of mode 0700, and the passphrase opens the key."""
    os.umask(mask)
    path = tmp_path / "home" / "inner" / "publisher.key"

    made = keys.create(path, publisher="mini", passphrase=SECRET)

    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, *path.parents[:2])] == [0o600, 0o700, 0o700]
    assert keys.load(path, passphrase=answer).private_bytes_raw() == made.private_bytes_raw()


def plain(key: Any) -> bytes:
    """A private key as it is without a passphrase."""
    return pkcs8.encode(key, passphrase=None)


@pytest.mark.parametrize(
    "make_key", [Ed25519PrivateKey.generate, lambda: generate_private_key(SECP256R1())], ids=["Ed25519", "P-256"]
)
def test_openssl_opens_what_was_encrypted(tmp_path: Path, make_key: Any) -> None:
    """With the passphrase it finds the same key, with another none; guesses cost at least 600,000 rounds."""
    key, path = make_key(), tmp_path / "a.key"
    path.write_bytes(pkcs8.encode(key, passphrase=SECRET))
    command = ["openssl", "pkey", "-in", path, "-outform", "DER", "-passin"]

    right = subprocess.run([*command, "pass:correct horse"], check=True, capture_output=True).stdout
    wrong = subprocess.run([*command, "pass:battery"], check=False, capture_output=True)
    fields = subprocess.run(["openssl", "asn1parse", "-in", path], check=True, capture_output=True, text=True).stdout

    assert plain(load_der_private_key(right, None)) == plain(key)
    assert wrong.returncode != 0
    assert re.findall(r"OBJECT +(:\S+)", fields) == [":PBES2", ":PBKDF2", ":hmacWithSHA256", ":aes-256-cbc"]
    assert int(re.findall(r"INTEGER +:(\w+)", fields)[0], 16) >= 600_000


def test_a_key_that_openssl_encrypted_is_read(tmp_path: Path) -> None:
    """What ``openssl genpkey`` writes with scrypt is a publisher's key as well."""
    path, source = tmp_path / "a.key", tmp_path / "plain.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", source], check=True)
    command = ["openssl", "pkcs8", "-topk8", "-scrypt", "-in", source, "-out", path, "-passout", "pass:correct horse"]
    subprocess.run(command, check=True)
    path.chmod(0o600)

    assert keys.load(path, passphrase=answer).private_bytes_raw() == keys.load(source).private_bytes_raw()


def test_the_passphrase_is_asked_for_only_where_there_is_one(tmp_path: Path) -> None:
    """A plain key asks nobody; a wrong or refused passphrase is one clear error that does not show it."""
    unencrypted, closed = make(tmp_path / "plain.key"), make(tmp_path / "closed.key", passphrase=SECRET)

    keys.load(unencrypted, passphrase=never)
    with pytest.raises(SignatureError, match=r"closed\.key: expected its passphrase, got another one") as refusal:
        keys.load(closed, passphrase=lambda _: b"battery staple")
    with pytest.raises(SignatureError, match="without a passphrase"):
        keys.load(closed, passphrase=None)

    assert "battery" not in str(refusal.value)
    assert SECRET not in closed.read_bytes()


def test_every_wrong_passphrase_is_the_same_error(tmp_path: Path) -> None:
    """Also the one in 256 that ends in well-formed padding and gives other bytes."""
    key = make(tmp_path / "closed.key")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pkcs8, "ROUNDS", 1)  # or 600 guesses take a minute
        key.write_bytes(pkcs8.encode(keys.load(key), passphrase=SECRET))

    for guess in range(600):
        with pytest.raises(SignatureError, match="got another one"):
            keys.load(key, passphrase=lambda _, guess=guess: f"guess {guess}".encode())


def test_a_cipher_that_nobody_reads_is_thought_of(tmp_path: Path) -> None:
    """It cannot be told from a wrong passphrase or other damage; the message has both."""
    path = make(tmp_path / "publisher.key", passphrase=SECRET)
    aes = bytes.fromhex("060960864801650304012a")
    der = base64.b64decode("".join(path.read_text().splitlines()[1:-1]))
    assert aes in der
    other = base64.encodebytes(der.replace(aes, aes[:-1] + b"\x63")).decode()
    path.write_text(f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{other}-----END ENCRYPTED PRIVATE KEY-----\n")

    with pytest.raises(SignatureError, match="expected its passphrase, got another one, or the file is damaged"):
        keys.load(path, passphrase=answer)


def test_a_publisher_without_a_name_gets_no_key(tmp_path: Path) -> None:
    """Neither half of it."""
    with pytest.raises(FormatError):
        keys.create(tmp_path / "publisher.key", publisher="a\nb", passphrase=None)

    assert list(tmp_path.iterdir()) == []


def test_a_secret_is_written_whole_into_a_new_file_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Whatever the disk says, and whoever was faster."""
    path = tmp_path / "secret"
    path.write_bytes(b"before")
    with pytest.raises(SignatureError, match="expected no such file, got one"):
        guarded.write_new(path, SECRET)
    assert path.read_bytes() == b"before"
    path.unlink()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        guarded.write_new(path, SECRET)
    assert not path.exists()


def test_a_secret_that_may_not_be_opened_is_no_missing_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system says so."""

    def deny(*_given: Any) -> int:
        raise PermissionError(errno.EACCES, "permission denied")

    monkeypatch.setattr(os, "open", deny)

    with pytest.raises(PermissionError):
        guarded.read_own(tmp_path / "secret", what="a secret")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """A file, a folder, and a link that points nowhere, stop the making of a key."""
    path, link, folder = tmp_path / "publisher.key", tmp_path / "link.key", tmp_path / "folder.key"
    make(path)
    link.symlink_to(tmp_path / "elsewhere")
    folder.mkdir()
    before = path.read_bytes()

    for taken in (path, link, folder):
        with pytest.raises(SignatureError, match="never overwritten"):
            make(taken)
        with pytest.raises(SignatureError, match="never overwritten"):
            keys.create_p256(taken, passphrase=None)

    assert path.read_bytes() == before
    assert not (tmp_path / "elsewhere").exists()


def test_no_half_of_a_key_is_left_where_the_other_cannot_be_written(tmp_path: Path) -> None:
    """The public key's file is too large for the process: the private one is gone as well."""
    program = (
        "import resource, signal, sys; from pathlib import Path; from expertkit.signing import keys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (150, 150))\n"
        "keys.create(Path(sys.argv[1]), publisher='\\u00fc' * 100, passphrase=None)"
    )

    done = subprocess.run(["python", "-c", program, tmp_path / "a.key"], check=False, capture_output=True, text=True)

    assert "File too large" in done.stderr
    assert "a.pub" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o666, 0o644, 0o610])
def test_a_key_that_others_can_touch_is_not_used(tmp_path: Path, mode: int) -> None:
    """Any bit for group or others is a refusal that names the cure."""
    path = make(tmp_path / "publisher.key")
    path.chmod(mode)

    with pytest.raises(SignatureError, match="0600") as refusal:
        keys.load(path)

    assert refusal.value.hint == f"chmod 600 {path}"


def test_a_key_of_another_user_is_not_used(tmp_path: Path) -> None:
    """Whoever owns the file can put another key there."""
    path = Path("/etc/passwd")  # root's, for everybody else
    if os.geteuid() == 0:
        path = make(tmp_path / "publisher.key")
        os.chown(path, 12345, -1)

    with pytest.raises(SignatureError, match="expected a file of yours, got one of user"):
        keys.load(path)


def test_a_link_a_folder_a_pipe_and_nothing_are_no_keys(tmp_path: Path) -> None:
    """What is opened is the file of that name itself, and it must be a file; nobody waits for a pipe."""
    (tmp_path / "link.key").symlink_to(make(tmp_path / "real.key"))
    os.mkfifo(tmp_path / "pipe.key", 0o600)

    for name in ("link.key", ".", "pipe.key", "missing.key"):
        with pytest.raises(SignatureError, match="expected a private key"):
            keys.load(tmp_path / name)


def test_a_public_key_is_not_overwritten_and_not_written_over_the_private_one(tmp_path: Path) -> None:
    """``b.one`` and ``b.two`` would share b.pub, and my.pub would be its own; no file is left of a refusal."""
    make(tmp_path / "b.one")
    before = (tmp_path / "b.pub").read_bytes()

    for taken in ("b.two", "my.pub"):
        with pytest.raises(SignatureError):
            make(tmp_path / taken)
    with pytest.raises(FormatError, match="publisher"):
        keys.create(tmp_path / "c.key", publisher="two\nlines", passphrase=None)

    assert (tmp_path / "b.pub").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"b.one", "b.pub"}


def pem(*, other: bool = False, size: int = 0) -> bytes:
    """A private key file that is not the one we want."""
    key = generate_private_key(SECP256R1()) if other else Ed25519PrivateKey.generate()
    return pkcs8.encode(key, passphrase=None) + b"#" * size


_NO_PEM = "expected a private key as PKCS#8 PEM, got something else"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (pem(other=True), "expected an Ed25519 key, got another kind"),
        (pem(size=20_000), "got more"), (b"", _NO_PEM), (b"-----BEGIN PRIVATE KEY-----\n", _NO_PEM),
    ],
    ids=["P-256", "too long", "empty", "cut"],
)  # fmt: skip
def test_a_file_without_an_ed25519_key_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    """The message names the file and never shows its content."""
    path = put(tmp_path / "publisher.key", content)

    with pytest.raises(FormatError, match=rf"publisher\.key: .*{re.escape(told)}") as refusal:
        keys.load(path)

    assert "BEGIN" not in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (bytes(range(32)), "32 bytes, the raw seed of an older program"),
        (b"ed25519:" + b"ab" * 32, "a public key of an older program"),
        (b"ed25519:" + b"ab" * 32 + b"\n", "a public key of an older program"),
        (b"ed25519:" + b"ab" * 32 + b" mini\n", "a public key"),
    ],
)
def test_an_older_programs_key_is_called_what_it_is(tmp_path: Path, content: bytes, what: str) -> None:
    """The message says what lies there, and the hint what to do."""
    path = put(tmp_path / "publisher.key", content)

    with pytest.raises(FormatError, match=f"got {what}$") as refusal:
        keys.load(path)

    assert refusal.value.hint == "expert-cli keygen makes a new one"


def test_an_older_programs_public_key_is_refused_with_the_form_that_is_expected(tmp_path: Path) -> None:
    """It has no publisher's name."""
    path = put(tmp_path / "old.pub", b"ed25519:" + b"ab" * 32 + b"\n")

    with pytest.raises(FormatError, match="expected 'ed25519:<64 hex digits> <publisher>'") as refusal:
        keys.load_public(path)

    assert "older program" in (refusal.value.hint or "")


def test_a_p256_key_is_another_kind(tmp_path: Path) -> None:
    """``load_p256`` reads what ``create_p256`` and openssl write, and no other curve; ``load`` reads none of them."""
    ours, theirs = tmp_path / "ours.pem", tmp_path / "theirs.pem"
    made = keys.create_p256(ours, passphrase=SECRET)
    subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-out", theirs], check=True)
    theirs.chmod(0o600)
    other = put(tmp_path / "other.pem", pkcs8.encode(generate_private_key(SECP384R1()), passphrase=None))

    assert keys.load_p256(ours, passphrase=answer).private_numbers() == made.private_numbers()
    assert keys.load_p256(theirs).curve.name == "secp256r1"
    for path in (other, make(tmp_path / "publisher.key")):
        with pytest.raises(FormatError, match="expected a P-256 key"):
            keys.load_p256(path)
    with pytest.raises(FormatError, match="expected an Ed25519 key"):
        keys.load(theirs)


def test_the_environment_says_where_the_key_lies() -> None:
    """EXPERTKIT_KEY wins over EXPERTKIT_HOME, which wins over the home folder."""
    assert keys.key_path({"EXPERTKIT_KEY": "/a.key", "EXPERTKIT_HOME": "/home"}) == Path("/a.key")
    assert keys.key_path({"EXPERTKIT_HOME": "/home"}) == Path("/home/publisher.key")
    assert keys.key_path({}) == Path.home() / ".expertkit/publisher.key"


def test_a_missing_or_wrong_public_key_is_named(tmp_path: Path) -> None:
    """The trusted key must be there and well-formed."""
    put(tmp_path / "wrong.pub", b"\xff\xfe")

    for name in ("missing.pub", "wrong.pub"):
        with pytest.raises(ExpertError, match=rf"{name}: .*public key"):
            keys.load_public(tmp_path / name)


def test_a_path_opens_as_a_key(tmp_path: Path) -> None:
    """``open_key`` takes a path as text or path."""
    path = make(tmp_path / "publisher.key", passphrase=SECRET)

    for reference in (path, str(path)):
        opened = keys.open_key(reference, passphrase=answer)
        assert str(keys.public_key(opened, publisher="mini")) == path.with_suffix(".pub").read_text()


def put(path: Path, content: bytes) -> Path:
    """A file of its owner's alone."""
    path.write_bytes(content)
    path.chmod(0o600)
    return path
