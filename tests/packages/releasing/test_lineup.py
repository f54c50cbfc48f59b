"""Who is examined: champion and challenger of each expert and base."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit.errors import PackagingError
from expertkit.packages.releasing.lineup import line_up
from expertkit.packages.releasing.promotion import plan_promotion, promote, released_package
from expertkit.packages.releasing.release import release
from expertkit.recipes.releases import read_releases
from tests.packages.builders import make_project, put, sign, verifier
from tests.packages.releasing.test_promotion import _release_again
from tests.recipes.builders import PARAMS

PAIRS = [("expert-mini", "nano"), ("expert-mini", "other")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One package of one expert in dist/, nothing promoted."""
    sign(make_project(tmp_path))
    release(tmp_path, verifier=verifier())
    put(tmp_path / "params.yaml", PARAMS.replace("expert-sql, expert-json", "expert-mini").encode())
    return tmp_path


def _promote(project: Path) -> None:
    promote(project, plan_promotion(project, (), verifier=verifier()))


def test_before_anything_is_promoted_the_challenger_sits_alone(project: Path) -> None:
    """A pair without a package has no sitting."""
    (sitting,) = line_up(project, PAIRS)

    assert sitting.key == "expert-mini-nano"
    assert sitting.packages == {"challenger": Path("dist/expert-mini-nano.v1.0.0.expert")}


def test_a_package_sits_once_and_a_new_one_beside_it(project: Path) -> None:
    """What was just promoted is the champion; once dist/ holds another one, that is its challenger."""
    _promote(project)
    (alone,) = line_up(project, PAIRS)
    _release_again(project, version="1.1.0")

    (both,) = line_up(project, PAIRS)

    assert list(alone.packages) == ["champion"]
    assert list(both.packages) == ["champion", "challenger"]
    assert both.packages["champion"] == alone.packages["champion"]


def test_a_champion_that_is_not_here_is_named(project: Path) -> None:
    """A clone has the record, and not the package."""
    _promote(project)
    (released,) = read_releases(project)
    released_package(project, released).unlink()

    with pytest.raises(PackagingError, match="expected champion expert-mini") as missing:
        line_up(project, PAIRS)

    assert "dvc pull" in str(missing.value.hint)


def test_without_a_package_there_is_no_night(tmp_path: Path) -> None:
    """Neither dist/ nor a record."""
    put(tmp_path / "params.yaml", PARAMS.encode())

    with pytest.raises(PackagingError, match="expected a package to examine, got none"):
        line_up(tmp_path, PAIRS)
