"""Trials, kept by the digest of what decides them, and gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from expertkit import layout
from expertkit.adapters import Lora
from expertkit.osd import calibration, compression, point, source
from expertkit.osd.point import Point
from expertkit.osd.settings import Score, Settings
from expertkit.osd.source import Source
from expertkit.search import trials
from expertkit.search.trials import Trials, read_trial
from expertkit.sources import CODE
from tests.adapters.builders import mixed_lora, random_dora, random_lora

MASK = Point(settings=Settings(rank=4, density=0.5))
SIZED = Point(settings=Settings(rank=4, codec="rdq"), bits=16.0)
TOO_SMALL = Point(settings=Settings(rank=4, codec="rdq"), bits=0.01)


def files(project: Path) -> set[str]:
    """What is kept."""
    return {path.name for path in (project / layout.TRIALS_DONE).glob("*")}


def test_a_trial_is_a_file_named_by_its_key(tmp_path: Path) -> None:
    """And reads as what it was, with the bytes and the error of the file itself."""
    made = Trials(tmp_path, random_lora())

    trial = made.run(MASK)

    small = made.compress(MASK)
    assert files(tmp_path) == {f"{made.key(MASK)}.json"}
    assert read_trial(made.path(MASK)) == trial
    assert (trial.size, trial.error) == (len(small.data), small.error)


def test_what_was_done_is_not_done_again(tmp_path: Path) -> None:
    """By another search of the same adapter; so one that was stopped goes on."""
    first = Trials(tmp_path, random_lora())
    done = first.run(MASK)
    again = Trials(tmp_path, random_lora())
    path, before = again.path(MASK), again.path(MASK).stat().st_mtime_ns

    assert again.missing([MASK, SIZED]) == [SIZED]
    assert again.run(MASK) == done
    assert path.stat().st_mtime_ns == before
    again.run(SIZED)
    assert again.missing([MASK, SIZED]) == []


def test_a_size_that_no_file_has_is_on_record(tmp_path: Path) -> None:
    """It is not tried anew each time, and no possible trial."""
    made = Trials(tmp_path, random_lora())

    trial = made.run(TOO_SMALL)

    assert not trial.is_possible
    assert made.missing([TOO_SMALL]) == []
    assert Trials(tmp_path, random_lora()).run(TOO_SMALL) == trial


@pytest.mark.parametrize(
    "other",
    [
        random_lora(seed=2),
        random_dora(),
        replace(random_lora(), alpha=4.0),
        replace(random_lora(), alphas={"model.layers.0.mlp.down_proj": 4.0}),
        mixed_lora(),
    ],
    ids=["numbers", "magnitudes", "scale", "scale of a module", "ranks"],
)
def test_another_adapter_has_other_keys(tmp_path: Path, other: Lora) -> None:
    """Whatever of it decides what is kept of it, the scales that its config has among it."""
    assert Trials(tmp_path, random_lora()).key(MASK) != Trials(tmp_path, other).key(MASK)


def test_another_point_has_another_key(tmp_path: Path) -> None:
    """Every setting counts."""
    settings = (
        replace(MASK.settings, rank=3), replace(MASK.settings, codec="int8"), replace(MASK.settings, density=0.4),
        replace(MASK.settings, score="mag"), replace(MASK.settings, indices="csr"), replace(MASK.settings, alpha=0.5),
    )  # fmt: skip
    points = [MASK, *(replace(MASK, settings=each) for each in settings), SIZED, replace(SIZED, bits=2.0)]
    made = Trials(tmp_path, random_lora())

    assert len({made.key(point) for point in points}) == len(points)


def test_other_code_has_other_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change to what compresses makes its results old."""
    before = Trials(tmp_path, random_lora()).key(MASK)
    for name in trials._DECIDING:
        path = tmp_path / "code" / name / "module.py"
        path.parent.mkdir(parents=True)
        path.write_text("")
    monkeypatch.setattr(trials, "CODE", tmp_path / "code")
    empty = Trials(tmp_path, random_lora()).key(MASK)
    (tmp_path / "code/osd/module.py").write_text("pass\n")

    assert len({before, empty, Trials(tmp_path, random_lora()).key(MASK)}) == 3


def test_the_code_that_compresses_decides() -> None:
    """Each folder is there, and the modules that do it lie in one of them."""
    folders = [CODE / name for name in trials._DECIDING]

    assert all(folder.is_dir() for folder in folders)
    for module in (calibration, compression, point, source):
        assert any(Path(str(module.__file__)).is_relative_to(folder) for folder in folders)


class Fixed:
    """A calibration that finds every entry worth the same."""

    def __init__(self, digest: str) -> None:
        """Made of something of that digest."""
        self.digest = digest

    def __call__(self, score: Score, found: Mapping[str, Source]) -> Mapping[str, Source]:
        """The sources with worths of one."""
        assert score == "taylor"
        return {name: replace(each, worth=(abs(each.svd.u.T), abs(each.svd.vt))) for name, each in found.items()}


def test_a_calibration_decides_where_a_score_needs_one(tmp_path: Path) -> None:
    """And only there."""
    taylor = replace(MASK, settings=replace(MASK.settings, score="taylor"))
    one, other = (Trials(tmp_path, random_lora(), calibrate=Fixed(digest)) for digest in ("a", "b"))

    assert one.key(MASK) == other.key(MASK) == Trials(tmp_path, random_lora()).key(MASK)
    assert one.key(taylor) != other.key(taylor)
    assert one.run(taylor).is_possible
    assert other.missing([taylor]) == [taylor]
