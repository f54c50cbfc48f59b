"""What ``promote`` takes, refuses and writes."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from expertkit.cli.main import main
from expertkit.errors import PackagingError, SignatureError
from expertkit.packages.decomposition import decompose_adapter
from expertkit.packages.making.build import build, prepare
from expertkit.packages.releasing.promotion import Promotion, clashes, plan_promotion, promote, released_package
from expertkit.packages.releasing.release import read_index, release
from expertkit.packages.signing.sign import sign_package
from expertkit.packages.vouching.verify import verify
from expertkit.recipes.releases import read_releases
from tests.packages.builders import (
    MANIFEST,
    RECIPE,
    judge,
    make_project,
    make_signer,
    other_base,
    pack,
    publisher,
    put,
    sign,
    train,
    verifier,
)

PARAMS = "# mine\nexperts: [expert-mini]\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One package of one expert in dist/."""
    sign(make_project(tmp_path))
    release(tmp_path, verifier=verifier())
    put(tmp_path / "params.yaml", PARAMS.encode())
    return tmp_path


def _plan(project: Path, *experts: str) -> Promotion:
    return plan_promotion(project, experts, verifier=verifier())


def _release_again(project: Path, *, version: str = RECIPE.version, seed: int = 2) -> None:
    """Another adapter of the same expert in dist/."""
    recipe = replace(RECIPE, version=version)
    put(project / "experts/expert-mini/manifest.json", {**MANIFEST, "version": version})
    train(project, recipe, seed=seed)
    decompose_adapter(project, recipe)
    judge(project, recipe=recipe)
    pack(project, recipe)
    sign(project, recipe)
    release(project, verifier=verifier())


def _files(project: Path) -> dict[str, bytes]:
    """What a promotion may write."""
    kept = [path for path in project.rglob("releases/**/*") if path.is_file()]
    return {str(path): path.read_bytes() for path in [project / "params.yaml", *kept]}


def test_what_is_in_dist_is_the_released_version_from_then_on(project: Path) -> None:
    """The package is kept by its digest, the record names it, params.yaml its version; a plan writes nothing."""
    before = _files(project)
    planned = _plan(project)
    unwritten = _files(project)

    promote(project, planned)

    (released,) = read_releases(project)
    assert unwritten == before
    assert (released.expert, released.version, released.base) == ("expert-mini", "1.0.0", "nano")
    kept = verify(released_package(project, released), verifier=verifier())
    assert kept.contents.content_digest == released.content_digest
    text = (project / "params.yaml").read_text()
    assert text.startswith(PARAMS)
    assert text.endswith("previous:\n  expert-mini: 1.0.0\n")


def test_promoting_the_same_again_changes_nothing(project: Path) -> None:
    """Not a byte, and the plan says that it was promoted before."""
    promote(project, _plan(project))
    before = _files(project)

    again = _plan(project)
    promote(project, again)

    assert again.new == ()
    assert [each.expert for each in again.known] == ["expert-mini"]
    assert _files(project) == before


def test_a_released_version_never_means_other_content(project: Path) -> None:
    """The same version with another adapter is refused; with another version both are on record."""
    promote(project, _plan(project))
    before = _files(project)
    _release_again(project)

    with pytest.raises(PackagingError, match=r"expert-mini 1\.0\.0 for nano: expected content digest") as refused:
        _plan(project)
    same = _files(project)
    _release_again(project, version="1.1.0")
    promote(project, _plan(project))

    assert "raise the version in experts/<name>/manifest.json" in str(refused.value.hint)
    assert same == before
    assert [each.version for each in read_releases(project)] == ["1.0.0", "1.1.0"]
    assert "previous:\n  expert-mini: 1.1.0\n" in (project / "params.yaml").read_text()
    assert all(released_package(project, each).is_file() for each in read_releases(project))


def test_other_content_under_a_released_version_is_warned_of_at_the_release(project: Path) -> None:
    """Before anybody tries to promote it; the promoted package itself gives no warning."""
    promote(project, _plan(project))
    silent = clashes(read_index(project), read_releases(project))
    _release_again(project)

    (warning,) = clashes(read_index(project), read_releases(project))

    assert silent == []
    assert "expert-mini 1.0.0 for nano: expected content digest" in warning


def test_another_base_follows_later_under_the_same_version(project: Path) -> None:
    """A new base of a released version is no conflict."""
    promote(project, _plan(project))
    make_project(project, recipe=other_base())
    sign(project, other_base())
    release(project, verifier=verifier())

    planned = _plan(project)
    promote(project, planned)

    assert [each.base for each in planned.new] == ["other"]
    assert [each.base for each in read_releases(project)] == ["nano", "other"]


def test_every_conflict_is_told_at_once(project: Path) -> None:
    """A refused pair, a damaged package, a missing expert: all of them, and nothing is written."""
    make_project(project, recipe=other_base())
    judge(project, recipe=other_base(), verdict="refused", reasons=["too weak"])
    build(prepare(project, other_base()), record_refusal=True)
    sign_package(project, other_base(), signer=make_signer(project / "home"), record_refusal=True)
    (shipped, _refused) = release(project, verifier=verifier())
    assert shipped.package is not None
    (project / "dist" / shipped.package.file).write_bytes(b"damaged")
    before = _files(project)

    with pytest.raises(PackagingError) as refused:
        _plan(project, "expert-mini", "expert-mine")

    absent, damaged, weak = refused.value.lines
    assert "expected expert-mine, got expert-mini" in absent
    assert shipped.package.file in damaged
    assert weak == "expert-mini on other: refused: too weak"
    assert _files(project) == before


def test_a_package_that_is_not_the_listed_one_is_refused(project: Path) -> None:
    """A sound package in another one's place, or none, does not pass for it."""
    index = project / "dist/index.json"
    rows = json.loads(index.read_text())["releases"]
    put(index, {"releases": [{**rows[0], "content_digest": "0" * 64}]})
    with pytest.raises(PackagingError, match=r"content digest 000000000000, got expert-mini 1\.0\.0 for nano"):
        _plan(project)

    put(index, {"releases": [{**rows[0], "file": "other.expert"}]})

    with pytest.raises(PackagingError, match=r"other\.expert: expected the package of .*, got no such file"):
        _plan(project)


def test_a_stranger_s_package_is_refused(project: Path) -> None:
    """Only the publisher's own are promoted."""
    with pytest.raises(SignatureError, match="key"):
        plan_promotion(project, (), verifier=verifier(2))


def test_without_a_release_there_is_nothing_to_promote(tmp_path: Path) -> None:
    """The error says what makes one."""
    with pytest.raises(PackagingError) as refused:
        _plan(tmp_path)

    assert refused.value.hint == "make run"


def test_a_kept_package_that_is_gone_is_named(project: Path) -> None:
    """With what brings it back; promoting it again does too."""
    promote(project, _plan(project))
    (released,) = read_releases(project)
    released_package(project, released).unlink()

    with pytest.raises(PackagingError, match=r"expected the package of expert-mini 1\.0\.0 for nano") as missing:
        released_package(project, released)
    promote(project, _plan(project))

    assert "dvc pull" in str(missing.value.hint)
    assert released_package(project, released).is_file()


def test_the_command_says_what_it_does(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run, a promotion and a second one; what conflicts exits with 12."""
    monkeypatch.chdir(project)
    put(project / "publisher.pub", str(publisher()).encode())

    def run(command: str, *, status: int = 0) -> str:
        done = CliRunner().invoke(main, shlex.split(f"promote --key publisher.pub {command}"))
        assert done.exit_code == status, done.output
        return done.output

    assert "expert-mini 1.0.0 for nano: would be promoted" in run("--dry-run")
    assert not (project / "releases").exists()
    assert "expert-mini 1.0.0 for nano: promoted, content digest" in run("")
    again = json.loads(run("expert-mini --json"))
    assert (again["new"], again["previous"], again["dry_run"]) == ([], {"expert-mini": "1.0.0"}, False)
    assert "expected expert-none" in run("expert-none", status=12)
