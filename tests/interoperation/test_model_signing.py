"""``export --oms`` and the tool that verifies what it writes: model-signing of the OpenSSF."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from model_signing import signing as their_signing
from model_signing import verifying

from expertkit.files import sha256_file
from expertkit.signing import keys, model_signing
from tests.cli.running import NAME, PAIR, enter_project, run, run_json

FOLDER = NAME.removesuffix(".expert")


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the members of a signed package were exported into, with the public key beside them."""
    enter_project(tmp_path, monkeypatch)
    run("keygen --ensure")
    run(f"package {PAIR}")
    run(f"sign {PAIR}")
    run("keygen --p256 --no-passphrase --output p256.pem")
    run(f"export build/signed/expert-mini-nano/{NAME} --oms --key p256.pem --output out")
    return tmp_path / "out"


def verify(exported: Path, *, public: str = "p256.pub") -> None:
    """Return if the tool takes the folder for the one that was signed."""
    config = verifying.Config().use_elliptic_key_verifier(public_key=exported.parent / public)
    config.verify(exported / FOLDER, exported / "model.sig")


def test_the_tool_verifies_the_folder(exported: Path) -> None:
    """As a library, and as the command that our own output names."""
    verify(exported)

    command = ["model_signing", "verify", "key", FOLDER, "--signature", "model.sig", "--public_key", "../p256.pub"]
    done = subprocess.run(command, cwd=exported, check=True, capture_output=True, text=True)

    assert "Verification succeeded" in done.stdout
    assert (exported / FOLDER / "manifest.json").is_file()


def change_a_byte(folder: Path) -> None:
    """The last byte of one member."""
    path = folder / "manifest.json"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def add_a_file(folder: Path) -> None:
    """One more than was signed."""
    (folder / "extra.txt").write_bytes(b"")


def remove_a_file(folder: Path) -> None:
    """One fewer than was signed."""
    (folder / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("change", "message"),
    [(change_a_byte, "Hash mismatch"), (add_a_file, "Extra files found"), (remove_a_file, "Missing files")],
)
def test_the_tool_refuses_a_changed_folder(exported: Path, change: Callable[[Path], None], message: str) -> None:
    """Every member is covered, and nothing is passed over."""
    change(exported / FOLDER)

    with pytest.raises(ValueError, match=message):
        verify(exported)


def test_the_tool_refuses_another_key_and_another_statement(exported: Path) -> None:
    """The bundle names its key, and the signature is about the payload's bytes."""
    run("keygen --p256 --no-passphrase --output other.pem")
    with pytest.raises(ValueError, match="Key mismatch"):
        verify(exported, public="other.pub")

    bundle = json.loads((exported / "model.sig").read_bytes())
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(FOLDER.encode(), FOLDER.upper().encode())
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    (exported / "model.sig").write_text(json.dumps(bundle))
    with pytest.raises(InvalidSignature):
        verify(exported)


def unordered(value: Any) -> Any:
    """The value with what the tool writes in no particular order put into one."""
    match value:
        case dict():
            ignored = {"ignore_paths": sorted(value["ignore_paths"])} if "ignore_paths" in value else {}
            return {name: unordered(each) for name, each in value.items()} | ignored
        case list():
            return [unordered(each) for each in value]
        case _:
            return value


def test_our_bundle_is_the_one_that_the_tool_writes(tmp_path: Path) -> None:
    """Field for field, but for the bytes of the signature, which no two signings share; files in the same order."""
    folder = tmp_path / "model"
    for name in ("d/a", "d-a", "D", "d.a/b", "a/z", "a/b/c"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    private = keys.create_p256(tmp_path / "p256.pem", passphrase=None)
    theirs = tmp_path / "theirs.sig"
    their_signing.Config().use_elliptic_key_signer(private_key=tmp_path / "p256.pem").sign(folder, theirs)
    files = {str(each.relative_to(folder)): sha256_file(each) for each in folder.rglob("*") if each.is_file()}

    pair = [json.loads(data) for data in (model_signing.sign("model", files, private=private), theirs.read_bytes())]

    statements = [unordered(json.loads(base64.b64decode(each["dsseEnvelope"].pop("payload")))) for each in pair]
    signatures = [each["dsseEnvelope"]["signatures"][0].pop("sig") for each in pair]
    assert statements[0] == statements[1]
    assert pair[0] == pair[1]
    assert all(base64.b64decode(each, validate=True)[0] == 0x30 for each in signatures)


def test_a_key_of_openssl_signs_too(exported: Path) -> None:
    """Made by ``openssl ecparam``, with its public half by ``openssl ec``."""
    run_openssl("ecparam -genkey -name prime256v1 -noout -out openssl.pem")
    run_openssl("ec -in openssl.pem -pubout -out openssl.pub")
    Path("openssl.pem").chmod(0o600)
    command = f"export build/signed/expert-mini-nano/{NAME} --oms --key openssl.pem --output other"

    facts = run_json(command)

    verify(exported.parent / "other", public="openssl.pub")
    assert (facts["path"], facts["signature"]) == (f"other/{FOLDER}", "other/model.sig")


def test_nothing_is_written_over_or_without_the_right_key(exported: Path) -> None:
    """A bundle that is there, a publisher's key, a missing key: nothing else appears."""
    package = f"build/signed/expert-mini-nano/{NAME}"
    before = sorted(exported.parent.rglob("*"))

    run(f"export {package} --oms --key p256.pem --output out", status=12)
    run(f"export {package} --oms --key home/publisher.key --output new", status=11)
    run(f"export {package} --oms --key missing.pem --output new", status=5)
    run(f"export {package} --key p256.pem --output new", status=2)

    assert sorted(exported.parent.rglob("*")) == before


def run_openssl(command: str) -> None:
    """Run OpenSSL in the current folder."""
    subprocess.run(["openssl", *command.split()], check=True, capture_output=True)
