"""Stage ``sign``: one more member, last, and the same file when repeated."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta
from pathlib import Path

import pytest

from expertkit.archives.archive import scan
from expertkit.errors import FormatError, IntegrityError, PackagingError
from expertkit.files import read_json
from expertkit.packages.making.build import build, prepare
from expertkit.packages.sidecar import check_sidecar, sidecar
from expertkit.packages.signing import ledger
from expertkit.packages.signing.sign import expired, sign_file, sign_package
from expertkit.packages.vouching.verify import verify
from tests.archives.builders import decode, encode
from tests.packages.builders import NOW, RECIPE, judge, make_project, make_signer, pack, publisher, put, sign, verifier


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An accepted expert, packed."""
    pack(make_project(tmp_path))
    return tmp_path


def test_a_package_whose_signature_has_run_out_is_named(project: Path) -> None:
    """Nothing that a stage depends on says so: the flow has to ask."""
    sign(project)

    assert expired(project, at=NOW + timedelta(days=364)) == frozenset()
    assert expired(project, at=NOW + timedelta(days=365)) == {RECIPE.key}
    (project / "build/signed" / RECIPE.key / "damaged.expert").write_bytes(b"damaged")
    assert expired(project, at=NOW) == frozenset()
    (project / f"build/recipes/{RECIPE.key}.json").unlink()
    assert expired(project, at=NOW + timedelta(days=365)) == frozenset()


def test_a_signed_package_is_the_package_with_one_more_member(project: Path) -> None:
    """The signature comes last, the content digest stays, and the sidecar is made anew."""
    unsigned = pack(project)

    signed = sign(project)

    names = list(decode(signed.read_bytes()))
    assert names == [*decode(unsigned.read_bytes()), "signature.sig"]
    assert scan(signed).content_digest == scan(unsigned).content_digest
    check_sidecar(signed)
    assert sidecar(signed).read_bytes() != sidecar(unsigned).read_bytes()


def test_signing_again_gives_the_same_file(project: Path) -> None:
    """The ledger remembers when it was signed first."""
    first = sign(project).read_bytes()
    later = make_signer(project / "home", at=NOW + timedelta(days=100))

    sign_package(project, RECIPE, signer=later)

    assert (project / "build/signed/expert-mini-nano/expert-mini-nano.v1.0.0.expert").read_bytes() == first


def test_signing_a_signed_package_replaces_the_signature(project: Path) -> None:
    """A second publisher's signature takes the place of the first."""
    signed = sign(project)

    made = sign_file(signed, output=project / "out", whole=False, signer=make_signer(project / "other", seed=2))

    assert verify(made.path, verifier=verifier(2)).statement.key == publisher(2).id
    assert list(decode(made.path.read_bytes())).count("signature.sig") == 1


def test_a_refusal_is_passed_on_or_raised(project: Path) -> None:
    """A refused expert is not signed; the reason travels."""
    judge(project, verdict="refused", reasons=["too weak"])
    build(prepare(project, RECIPE), record_refusal=True)
    signer = make_signer(project / "home")

    with pytest.raises(PackagingError, match="too weak"):
        sign_package(project, RECIPE, signer=signer)
    sign_package(project, RECIPE, signer=signer, record_refusal=True)

    assert read_json(project / "build/signed/expert-mini-nano/refused.json")["reasons"] == ["too weak"]


def test_without_a_package_there_is_nothing_to_sign(tmp_path: Path) -> None:
    """The error names the command that helps."""
    with pytest.raises(PackagingError, match="expected one package, got 0") as refusal:
        sign_package(tmp_path, RECIPE, signer=make_signer(tmp_path))

    assert refusal.value.hint == "expert-cli package --expert expert-mini --base nano"


def test_a_damaged_package_is_not_signed(project: Path) -> None:
    """A member that is not the one in the manifest, or a changed file, stops the signing; nothing is recorded."""
    package = pack(project)
    found = decode(package.read_bytes())
    package.write_bytes(encode({**found, "README.md": b"changed"}))

    with pytest.raises(IntegrityError, match="SHA-256"):
        sign(project)
    sidecar(package).unlink()
    with pytest.raises(IntegrityError, match=r"README\.md"):
        sign(project)

    assert not (project / "home/ledger.json").exists()


def test_the_ledger_is_private_and_numbers_rise(project: Path) -> None:
    """Another content of the same key gets the next number."""
    sign(project)
    put(project / "experts/expert-mini/README.md", b"changed")
    pack(project)

    second = sign(project)

    assert verify(second, verifier=verifier()).statement.sequence == 2
    assert (project / "home/ledger.json").stat().st_mode & 0o077 == 0


def test_a_damaged_ledger_stops_the_signing_and_stays(project: Path) -> None:
    """It is never replaced by an empty one."""
    put(project / "home/ledger.json", b'{"ledger": 1, "entr')

    with pytest.raises(FormatError, match=r"ledger\.json"):
        sign(project)

    assert (project / "home/ledger.json").read_bytes() == b'{"ledger": 1, "entr'


def enter(path: Path, first: int) -> None:
    """Record ten contents."""
    for index in range(first, first + 10):
        ledger.record(path, content_digest=f"{index:064x}", key="a" * 64, at=NOW, valid_days=1)


def test_signers_at_the_same_time_do_not_lose_entries(tmp_path: Path) -> None:
    """Four processes record ten contents each: forty entries, forty numbers."""
    path = tmp_path / "home/ledger.json"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=enter, args=(path, 10 * index)) for index in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    found = ledger.read_ledger(path)

    assert sorted(each.sequence for each in found.entries) == list(range(1, 41))
    assert [worker.exitcode for worker in workers] == [0] * 4
