"""Stage ``release``: what is in dist/, and what the index says."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit.errors import IntegrityError, PackagingError, SignatureError
from expertkit.files import read_json
from expertkit.packages.making.build import build, prepare
from expertkit.packages.releasing.release import read_index, release
from expertkit.packages.sidecar import check_sidecar
from expertkit.packages.signing.sign import sign_package
from tests.packages.builders import RECIPE, judge, make_project, make_signer, other_base, put, sign, verifier


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One package signed, one expert refused."""
    sign(make_project(tmp_path))
    make_project(tmp_path, recipe=other_base())
    judge(tmp_path, recipe=other_base(), verdict="refused", reasons=["too weak"], expert_score=0.1)
    build(prepare(tmp_path, other_base()), record_refusal=True)
    sign_package(tmp_path, other_base(), signer=make_signer(tmp_path / "home"), record_refusal=True)
    return tmp_path


def test_what_was_signed_is_collected_and_what_was_refused_is_listed(project: Path) -> None:
    """The index has both, sorted; dist/ has the package with its sidecar."""
    released, refused = release(project, verifier=verifier())

    assert (released.judged.base, released.judged.verdict) == ("nano", "accepted")
    assert released.package is not None
    assert released.package.file == "expert-mini-nano.v1.0.0.expert"
    assert (refused.judged.base, refused.judged.verdict, refused.judged.reasons) == ("other", "refused", ("too weak",))
    assert refused.package is None
    names = {path.name for path in (project / "dist").iterdir()}
    assert names == {"index.json", "expert-mini-nano.v1.0.0.expert", "expert-mini-nano.v1.0.0.expert.sha256"}
    check_sidecar(project / "dist/expert-mini-nano.v1.0.0.expert")
    index = read_json(project / "dist/index.json")["releases"]
    assert [each["verdict"] for each in index] == ["accepted", "refused"]
    assert index[0]["content_digest"] == released.package.content_digest
    assert index[1]["file"] is None
    assert read_index(project) == (released, refused)


def test_what_was_in_dist_before_goes(project: Path) -> None:
    """dist/ holds this release and nothing else; leftovers in build/signed/ are not looked at."""
    put(project / "dist/old.expert", b"old")
    put(project / "build/signed/.expert-mini-nano.new-1/half", b"half")

    release(project, verifier=verifier())

    assert not (project / "dist/old.expert").exists()


def test_what_no_recipe_names_is_left_out(project: Path) -> None:
    """A base that was taken out of params.yaml is not released any more, though its signed package is still there."""
    (project / "build/recipes/expert-mini-other.json").unlink()

    releases = release(project, verifier=verifier())

    assert [each.judged.base for each in releases] == ["nano"]


def test_a_package_that_does_not_verify_is_not_released(project: Path) -> None:
    """A damaged package and a stranger's signature stop the release; dist/ stays as it was."""
    put(project / "dist/old.expert", b"old")

    with pytest.raises(SignatureError):
        release(project, verifier=verifier(2))
    (project / "build/signed/expert-mini-nano/expert-mini-nano.v1.0.0.expert").write_bytes(b"damaged")
    with pytest.raises(IntegrityError):
        release(project, verifier=verifier())

    assert (project / "dist/old.expert").read_bytes() == b"old"


def test_without_signed_packages_there_is_no_release(tmp_path: Path) -> None:
    """An empty line is an error, not an empty release."""
    with pytest.raises(PackagingError, match="got none"):
        release(tmp_path, verifier=verifier())


def test_the_order_does_not_depend_on_the_file_system(project: Path) -> None:
    """Releasing twice gives the same index."""
    first = release(project, verifier=verifier())

    assert release(project, verifier=verifier()) == first
    assert RECIPE.base < other_base().base
