"""Signatures of several keys, in a package and beside it, and those of other packages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expertkit.containers.writer import Options
from expertkit.errors import ExpertError, FormatError, IntegrityError, PackagingError, SignatureError
from expertkit.files import sha256_file
from expertkit.members.signatures import MOST
from expertkit.packages.conversion import convert
from expertkit.packages.reading.forms import read_signatures
from expertkit.packages.signing.sign import Signer, sign_detached, sign_file
from expertkit.packages.signing.signatures import detached, read_detached
from expertkit.packages.vouching.verify import Verified, verify
from expertkit.signing import PublicKey, seal
from expertkit.signing.dsse import decode as decode_envelope
from expertkit.signing.statement import Base
from expertkit.signing.statement import decode as decode_statement
from expertkit.signing.trust import Verifier
from expertkit.signing.trust.state import Rules, with_pin
from tests.archives.builders import decode, encode
from tests.packages.builders import (
    RECIPE,
    decompose_adapter,
    judge,
    make_project,
    make_signer,
    pack,
    publisher,
    train,
    verifier,
)  # fmt: skip


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An archive that nobody has signed."""
    return pack(make_project(tmp_path))


@pytest.fixture
def container(package: Path, tmp_path: Path) -> Path:
    """The same as a container."""
    convert(package, output=tmp_path / "container", form="container", options=Options(), verifier=None, signer=None)
    return tmp_path / "container" / package.name


def asking_for(count: int, *seeds: int) -> Verifier:
    """Somebody who trusts these keys and wants so many of them."""
    trust = verifier(seeds[0]).trust
    for seed in seeds[1:]:
        trust = with_pin(trust, publisher(seed), names=(), how="by hand", added="2026-01-31T12:00:00Z")
    return replace(verifier(), trust=replace(trust, rules=Rules(signatures=count)))


def keys_of(verified: Verified) -> set[PublicKey]:
    """Who vouches."""
    return {each.anchored.key for each in verified.verdict.vouchers}


def signer(home: Path, seed: int = 1) -> Signer:
    """One with a ledger of its own."""
    return make_signer(home / str(seed), seed=seed)


@pytest.mark.parametrize("form", ["archive", "container"])
def test_a_detached_signature_is_found_beside_the_package(
    request: pytest.FixtureRequest, tmp_path: Path, form: str
) -> None:
    """The package itself stays as it is."""
    path = request.getfixturevalue("package" if form == "archive" else "container")
    before = sha256_file(path)
    with pytest.raises(SignatureError, match="expected a signature, got none"):
        verify(path, verifier=verifier())

    written = sign_detached(path, signer=signer(tmp_path))

    assert written == detached(path) == path.with_name(f"{path.name}.sig")
    assert sha256_file(path) == before
    assert keys_of(verify(path, verifier=verifier())) == {publisher()}


def test_a_detached_signature_may_lie_elsewhere(package: Path, tmp_path: Path) -> None:
    """Where it is named; then the one beside the package is not looked at."""
    elsewhere = sign_detached(package, signer=signer(tmp_path)).rename(tmp_path / "theirs")
    detached(package).write_bytes(b"damaged")

    assert keys_of(verify(package, verifier=verifier(), detached=elsewhere)) == {publisher()}
    with pytest.raises(IntegrityError, match=r"\.sig: envelope"):
        verify(package, verifier=verifier())


def test_detached_signatures_of_others_stay(package: Path, tmp_path: Path) -> None:
    """And one's own is replaced by the same."""
    for seed in (1, 2, 1):
        sign_detached(package, signer=signer(tmp_path, seed))

    assert len(read_detached(package)) == 2
    assert keys_of(verify(package, verifier=asking_for(2, 1, 2))) == {publisher(1), publisher(2)}


def test_the_signature_of_another_package_is_refused(package: Path, container: Path, tmp_path: Path) -> None:
    """Of another training, and of the same expert in the other form."""
    other = make_project(tmp_path / "other")
    train(other, seed=2)
    decompose_adapter(other, RECIPE)
    judge(other)
    foreign = sign_detached(pack(other), signer=signer(tmp_path))
    of_container = sign_detached(container, signer=signer(tmp_path))

    with pytest.raises(SignatureError, match="expected one over these members, got one over others"):
        verify(package, verifier=verifier(), detached=foreign)
    with pytest.raises(SignatureError, match="expected one about an archive, got one about a container"):
        verify(package, verifier=verifier(), detached=of_container)


def test_signatures_inside_and_beside_add_up(package: Path, tmp_path: Path) -> None:
    """Each key once."""
    signed = sign_file(package, output=tmp_path / "signed", whole=True, signer=signer(tmp_path)).path
    with pytest.raises(SignatureError, match="expected 2 by different keys that you trust, got 1"):
        verify(signed, verifier=asking_for(2, 1, 2))

    sign_detached(signed, signer=signer(tmp_path))
    with pytest.raises(SignatureError, match="expected 2 by different keys that you trust, got 1"):
        verify(signed, verifier=asking_for(2, 1, 2))
    sign_detached(signed, signer=signer(tmp_path, 2))

    assert keys_of(verify(signed, verifier=asking_for(2, 1, 2))) == {publisher(1), publisher(2)}


@pytest.mark.parametrize("form", ["archive", "container"])
def test_a_signature_is_added_to_those_inside(request: pytest.FixtureRequest, tmp_path: Path, form: str) -> None:
    """Whoever signs last, the bytes are the same; without that it stands alone."""
    path = request.getfixturevalue("package" if form == "archive" else "container")

    def in_turn(*seeds: int, is_added: bool = True) -> Path:
        found = path
        for number, seed in enumerate(seeds):
            output = tmp_path / f"{seeds}-{is_added}-{number}"
            found = sign_file(found, output=output, whole=True, signer=signer(tmp_path, seed), is_added=is_added).path
        return Path(found)

    both, other_way = in_turn(1, 2), in_turn(2, 1, 2)

    assert both.read_bytes() == other_way.read_bytes()
    assert keys_of(verify(both, verifier=asking_for(2, 1, 2))) == {publisher(1), publisher(2)}
    assert len(read_signatures(in_turn(1, 2, is_added=False))) == 1


def test_no_more_signatures_go_in_than_may_be_read(package: Path, tmp_path: Path) -> None:
    """The one too many is refused before anything is written, and an own one is still replaced."""
    for seed in range(1, MOST + 1):
        sign_detached(package, signer=signer(tmp_path, seed))
    before = detached(package).read_bytes()

    with pytest.raises(PackagingError, match=f"expected fewer than {MOST} signatures of other keys"):
        sign_detached(package, signer=signer(tmp_path, MOST + 1))
    sign_detached(package, signer=signer(tmp_path, 3))

    assert detached(package).read_bytes() == before


def test_a_malformed_signature_is_not_passed_on(package: Path, tmp_path: Path) -> None:
    """Neither beside a package nor in it."""
    detached(package).write_bytes(b"{}")

    with pytest.raises(FormatError):
        sign_detached(package, signer=signer(tmp_path))
    assert detached(package).read_bytes() == b"{}"


def resigned(signed: bytes, **changed: Any) -> bytes:
    """The package with a good signature over a statement that says something else."""
    members = decode(signed)
    statement = decode_statement(decode_envelope(members["signature.sig"]).payload)
    evidence = {name: changed.pop(name) for name in [*changed] if hasattr(statement.evidence, name)}
    said = replace(statement, evidence=replace(statement.evidence, **evidence), **changed)  # type: ignore[type-var]
    return encode({**members, "signature.sig": seal(said, make_signer(Path()).private)})


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"tokenizer": "9" * 64}, "digests of tokenizer"), ({"template": "9" * 64}, "digests of template"),
        ({"provenance": "9" * 64}, "digests of provenance"), ({"evaluation": "9" * 64}, "digests of evaluation"),
        ({"base": Base(name="nano", fingerprint="9" * 64)}, "for this expert and base"),
        ({"base": Base(name="other", fingerprint="9" * 64)}, "for this expert and base"),
    ],
    ids=["tokenizer", "template", "provenance", "evaluation", "fingerprint", "base"],
)  # fmt: skip
def test_mix_and_match_is_refused(tmp_path: Path, package: Path, changed: dict[str, Any], match: str) -> None:
    """A good signature that says another tokenizer, template, origin, evaluation or base than the package has."""
    signed = sign_file(package, output=tmp_path / "signed", whole=True, signer=signer(tmp_path)).path
    mixed = tmp_path / "mixed.expert"
    mixed.write_bytes(resigned(signed.read_bytes()))
    verify(mixed, verifier=verifier())
    mixed.write_bytes(resigned(signed.read_bytes(), **changed))

    with pytest.raises(SignatureError, match=match) as refusal:
        verify(mixed, verifier=verifier())
    assert "this package was put together from others" in str(refusal.value.hint)


@pytest.mark.parametrize("member", ["tokenizer.json", "evaluation.json", "provenance.json", "manifest.json"])
def test_a_member_of_another_package_is_refused(tmp_path: Path, package: Path, member: str) -> None:
    """Put into a signed one, with everything else as it was."""
    signed = sign_file(package, output=tmp_path / "signed", whole=True, signer=signer(tmp_path)).path
    members = decode(signed.read_bytes())
    mixed = tmp_path / "mixed.expert"
    mixed.write_bytes(encode({**members, member: members[member].replace(b"0", b"1")}))

    with pytest.raises(ExpertError) as refusal:
        verify(mixed, verifier=verifier())
    assert refusal.value.exit_code == 5
