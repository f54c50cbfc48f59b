"""What the signature of an older program is worth: it is verified as far as it goes, and never trusted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from expertkit.cli.main import main
from expertkit.errors import SignatureError
from expertkit.packages.reading.legacy import describe_signature
from expertkit.packages.vouching.verify import verify
from expertkit.signing.keys import public_key
from expertkit.signing.trust import Verifier
from tests.packages.builders import NOW, verifier
from tests.packages.test_legacy import files, make
from tests.signing.certificates.builders import make_key
from tests.signing.test_legacy import block


def make_old(folder: Path, *, more: dict[str, bytes] | None = None, **changed: Any) -> Path:
    """A package as the old program signed it: lines ``path:hash``, a block in the manifest, and 128 hex digits."""
    members = {**files(), **(more or {})}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in members.items() if name != "manifest.json"}
    integrity = {**block(hashes), **changed}
    manifest = {**json.loads(members["manifest.json"]), "integrity": integrity}
    members["manifest.json"] = json.dumps(manifest).encode()
    return make(folder, {**members, "signature.sig": str(integrity["signature"]).encode()})


def test_a_good_one_is_told_with_its_key_and_what_it_covers(tmp_path: Path) -> None:
    """And that nothing covers the manifest."""
    package = make_old(tmp_path)

    told = describe_signature(package)

    assert (tmp_path / "files/signature.sig").stat().st_size == 128
    assert "which the package itself names, signed 3 of its files, which are as they were" in told
    assert "nothing covers its manifest" in told


def test_one_of_another_key_does_not_hold(tmp_path: Path) -> None:
    """The package names a key that has not signed."""
    package = make_old(tmp_path, signature=make_key(2).sign(b"something").hex())

    assert "whose signature does not hold: signature: not made by key" in describe_signature(package)


@pytest.mark.parametrize("name", ["a:b.txt", "a\nb.txt"])
def test_unclear_names_do_not_hold(tmp_path: Path, name: str) -> None:
    """The lines could be read in two ways."""
    package = make_old(tmp_path, more={name: b"x"})

    told = verify_status(package)

    assert told.exit_code == 5


def verify_status(package: Path) -> Any:
    """What ``expert-cli verify`` makes of it for somebody who trusts a key."""
    key = package.parent / "key.pub"
    key.write_text(str(verifier().trust.pins[0].read()))
    return CliRunner().invoke(main, ["verify", str(package), "--key", str(key)])


@pytest.mark.parametrize("fault", ["none", "another key", "unsigned", "changed file"])
def test_it_is_never_trusted(tmp_path: Path, fault: str) -> None:
    """Exit status 5, the word legacy where it is one, and the way to read it all the same."""
    changed = {"signature": make_key(2).sign(b"something").hex()} if fault == "another key" else {}
    package = make_old(tmp_path, **changed)
    if fault == "unsigned":
        package = make(tmp_path, files())
    elif fault == "changed file":
        (tmp_path / "files/adapter_config.json").write_bytes(b"{ }")
        package = make(tmp_path, {path.name: path.read_bytes() for path in (tmp_path / "files").iterdir()})

    with pytest.raises(Exception) as refusal:  # noqa: PT011  # its class is what is asked next
        verify(package, verifier=verifier())
    told = verify_status(package)

    assert getattr(refusal.value, "exit_code", None) == told.exit_code == 5
    if fault != "changed file":
        assert isinstance(refusal.value, SignatureError)
        assert "got a legacy package" in told.stderr
        assert "expert-cli unpack --compatible --unsigned" in told.stderr


def test_even_its_own_key_does_not_make_it_trusted(tmp_path: Path) -> None:
    """Pinned or not: what it signs says too little."""
    package = make_old(tmp_path)

    with pytest.raises(SignatureError, match="legacy package"):
        verify(package, verifier=Verifier.of_key(public_key(make_key(1), publisher="old"), at=NOW))
