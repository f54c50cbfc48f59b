"""Keys in a token, against a real PKCS#11 module: SoftHSM2.

$EXPERTKIT_TEST_PKCS11 names the module where it is in no usual place; softhsm2-util lies beside it or on PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from expertkit.errors import DependencyError, SignatureError
from expertkit.signing import PublicKey, keys
from tests.signing.keys.test_files import put

USUAL = [
    "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so",
]  # fmt: skip
PIN = "2468"
ED25519 = bytes.fromhex("06032b6570")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token with two keys of the label ``publisher``, of which ``id`` tells which."""

    module: Path
    pin: Path

    def uri(self, key: str = "object=publisher;id=%01", *, label: str = "mini", pin: Path | None = None) -> str:
        """The URI of a key."""
        return f"pkcs11:token={label};{key}?module-path={self.module}&pin-source=file:{pin or self.pin}"


def find_module() -> tuple[Path, str]:
    """The module and the program that makes tokens of its kind, or no test."""
    named = os.environ.get("EXPERTKIT_TEST_PKCS11")
    module = next((path for path in map(Path, [named] if named else USUAL) if path.is_file()), None)
    if module is None:
        pytest.skip(f"no PKCS#11 module: {named or 'SoftHSM2 is in no usual place'}; $EXPERTKIT_TEST_PKCS11 names one")
    places = os.pathsep.join([os.environ["PATH"], *(str(folder / "bin") for folder in module.parents)])
    program = shutil.which("softhsm2-util", path=places)
    if program is None:
        pytest.skip(f"{module} is there, but not softhsm2-util, which makes a token")
    return module, program


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    """A new token; the module reads where tokens lie once for the whole process."""
    pkcs11 = pytest.importorskip("pkcs11", reason="no python-pkcs11: pip install 'expertkit[hsm]'")
    module, program = find_module()
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        command = [program, "--init-token", "--free", "--label", "mini", "--pin", PIN, "--so-pin", "1357"]
        subprocess.run([*command, "--module", module], check=True, capture_output=True)
        make_keys(pkcs11, module)
        yield Token(module=module, pin=put(folder / "pin", f"{PIN}\n".encode()))
        pkcs11.unload(str(module))


def make_keys(pkcs11: Any, module: Path) -> None:
    """Two pairs, and one whose halves are of different keys."""
    (made,) = (each for each in pkcs11.lib(str(module)).get_tokens() if each.label == "mini")
    with made.open(rw=True, user_pin=PIN) as session:
        curve = session.create_domain_parameters(
            pkcs11.KeyType.EC_EDWARDS, {pkcs11.Attribute.EC_PARAMS: ED25519}, local=True
        )
        for number in (1, 2):
            curve.generate_keypair(store=True, label="publisher", id=bytes([number]))
        public, _ = curve.generate_keypair(store=True, label="torn", id=b"\x03")
        public.destroy()
        _, private = curve.generate_keypair(store=True, label="torn", id=b"\x03")
        private.destroy()


def test_a_key_in_a_token_signs_as_one_in_a_file_does(token: Token) -> None:
    """The signature passes our strict check, and the same message has the same one."""
    key = keys.open_key(token.uri())

    signature = key.sign(b"message")

    public = keys.public_key(key, publisher="mini")
    public.verify(signature, b"message")
    assert key.sign(b"message") == signature
    with pytest.raises(SignatureError):
        public.verify(signature, b"massage")


def test_two_keys_of_a_token_are_told_apart(token: Token) -> None:
    """By id they are two; by the label alone nobody knows which is meant."""
    one, two = (keys.public_key(keys.open_key(token.uri(f"id=%0{n}")), publisher="mini") for n in (1, 2))

    assert isinstance(one, PublicKey)
    assert one.raw != two.raw
    with pytest.raises(SignatureError, match="expected one private key of kind Ed25519, got 2"):
        keys.open_key(token.uri("object=publisher"))


def test_what_is_not_there_is_said(token: Token, tmp_path: Path) -> None:
    """No such token, key, PIN or module; an error shows no PIN."""
    wrong = put(tmp_path / "pin", b"1111")
    refused = {
        token.uri(label="other"): "expected one token, got 0",
        token.uri("object=other"): "expected one private key of kind Ed25519, got 0",
        token.uri(pin=wrong): "expected the token's PIN, got another one",
        token.uri().replace(str(token.module), "/missing.so"): "expected a token that signs, got",
    }

    for uri, message in refused.items():
        with pytest.raises(SignatureError, match=message) as refusal:
            keys.open_key(uri)
        assert "1111" not in str(refusal.value)


def test_a_pin_that_others_can_read_is_not_used(token: Token, tmp_path: Path) -> None:
    """The file is under the rule of keys."""
    path = put(tmp_path / "pin", PIN.encode())
    path.chmod(0o644)

    with pytest.raises(SignatureError, match="expected mode 0600"):
        keys.open_key(token.uri(pin=path))


def test_without_a_pin_source_and_a_terminal_nobody_is_asked(token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint says how the PIN is given."""
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(SignatureError, match="expected its PIN") as refusal:
        keys.open_key(token.uri().partition("&pin-source")[0])

    assert "pin-source=file:" in (refusal.value.hint or "")


def test_halves_of_two_keys_give_no_signature(token: Token) -> None:
    """What the token signs is verified before it is given away."""
    key = keys.open_key(token.uri("object=torn"))

    with pytest.raises(SignatureError, match="not made by key"):
        key.sign(b"message")


def test_the_pin_is_not_shown_with_the_key(token: Token) -> None:
    """Neither its text nor its value."""
    assert PIN not in repr(keys.open_key(token.uri()))


def test_without_the_library_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in files work without it."""
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    monkeypatch.setitem(sys.modules, "pkcs11.exceptions", None)

    with pytest.raises(DependencyError) as refusal:
        keys.open_key("pkcs11:object=a?module-path=/a.so")

    assert refusal.value.hint == "pip install 'expertkit[hsm]'"
    assert keys.public_key(Ed25519PrivateKey.generate(), publisher="mini").publisher == "mini"
