"""What the OSD benchmark makes of what it measures; nothing that takes long is run here."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import compressing, densities, osd, peft_conversion, rivals
from benchmarks.compressing import Took
from benchmarks.decomposing import Timed
from benchmarks.densities import Cell
from benchmarks.packing import LAYERS, WIDTHS
from benchmarks.rivals import Found
from benchmarks.rows import Row
from expertkit.adapters import CONFIG, TENSORS, Adapter, Lora, encode_config, encode_tensors
from expertkit.baselines import METHODS, Original
from expertkit.errors import ExpertError
from expertkit.files import write_bytes, write_json
from tests.adapters.builders import random_ia3, random_lora


def _write(folder: Path, adapter: Adapter) -> Path:
    """An adapter as a training leaves it."""
    folder.mkdir(parents=True)
    write_bytes(folder / TENSORS, encode_tensors(adapter))
    write_json(folder / CONFIG, encode_config(adapter, base="qwen3-tiny"))
    return folder


def _named(rows: list[Row], text: str) -> list[Row]:
    return [row for row in rows if text in row.name]


def _found(error: float) -> Found:
    return Found(error=error, size=100, how="rank 3 density 0.50")


def _looked(*errors: float) -> dict[str, dict[str, Found]]:
    """truncSVD, OSD f16 and rdq at every budget."""
    names = (rivals.TRUNCATED, rivals.F16, rivals.RDQ)
    row = {name: _found(error) for name, error in zip(names, errors, strict=True)}
    return {**{str(rank): row for rank in rivals.RANKS}, "any": {}}


def test_every_method_has_a_file_within_the_budget_that_decodes() -> None:
    """Those of PEFT and of OSD too; each has an error, which is that of what its file decodes to."""
    lora = random_lora(rank=4)
    original = Original.of(lora)
    budget = 4 * rivals.budget_of(original, 4)

    found = rivals.rivals(original.sources, lora, budget)

    assert {*METHODS, peft_conversion.RANK, rivals.F16, rivals.RDQ} <= found.keys()
    for data, small in found.values():
        assert len(data) <= budget
        assert original.error(rivals.read_lora(data)) == original.error(small)
    assert original.error(found[rivals.RDQ][1]) < 0.01


def test_nothing_is_said_of_a_budget_that_pays_for_nothing() -> None:
    """A method whose smallest file is too large is left out."""
    lora = random_lora()

    assert rivals.rivals(Original.of(lora).sources, lora, 8) == {}


def test_only_loras_are_looked_at(tmp_path: Path) -> None:
    """An IA3 adapter has no components, and a folder without an adapter is none."""
    folder = _write(tmp_path / "b", random_lora())
    ia3 = _write(tmp_path / "a", random_ia3())
    (tmp_path / "c").mkdir()

    found = osd.trained(tmp_path)

    assert found == [folder]
    assert isinstance(rivals.read_adapter(folder), Lora)
    with pytest.raises(ExpertError, match="another kind"):
        rivals.read_adapter(ia3)


def test_a_project_without_adapters_says_how_to_make_them(tmp_path: Path) -> None:
    """Nothing was measured, so a goal is missed."""
    row = osd._missing(tmp_path)

    assert row.met is False
    assert "make run" in row.measured
    assert str(tmp_path) in row.name


def test_errors_at_equal_bytes_are_ratios_to_truncation() -> None:
    """The goals are held against the geometric mean; every adapter has rows of its own."""
    rows = osd.compare_rivals({"a": _looked(0.5, 0.4, 0.05), "b": _looked(0.4, 0.36, 0.25)})

    f16, rdq = rows[:2]
    (mean,) = _named(rows, "rank 1, 2, 4, 8, 12, mean: osd rdq")
    assert [row.met for row in (f16, rdq)] == [True, True]
    assert (f16.measured, rdq.measured) == ("0.85", "0.25")
    assert mean.measured == "0.250  0.250  0.250  0.250  0.250"
    assert [row.measured.split()[0] for row in rows if row.name.startswith("a: ")][:3] == ["0.500", "0.800", "0.100"]


def test_a_method_that_had_nothing_so_small_is_a_dash() -> None:
    """Neither its ratio nor a mean with it is made up."""
    looked = _looked(0.5, 0.4, 0.05)
    looked["1"] = {rivals.TRUNCATED: _found(0.5)}

    rows = osd.compare_rivals({"a": looked, "b": _looked(0.5, 0.4, 0.05)})

    (mean,) = _named(rows, "12, mean: osd rdq")
    (own,) = _named(rows, f"a: error / truncSVD, bytes of rank 1, 2, 4, 8, 12: {rivals.RDQ}")
    assert mean.measured == "-  0.100  0.100  0.100  0.100"
    assert own.measured == mean.measured


def test_a_decomposition_is_held_against_its_goal_over_a_layer() -> None:
    """Shapes count as often as a layer has them, and the worst agreement decides."""
    timed = [
        Timed(rank=rank, shape=(8, 8), modules=modules, dense=dense, thin=0.001, difference=difference)
        for rank in (16, 32)
        for modules, dense, difference in ((1, 0.1, 1e-14), (3, 0.7, 1e-9))
    ]

    rows = osd.compare_decomposing(timed)

    assert [row.measured for row in _named(rows, "a layer of Qwen3-0.6B")] == ["550.00", "550.00"]
    assert [row.measured for row in _named(rows, "least of a shape")] == ["100", "100"]
    assert [row.met for row in rows] == [True, None, None, True, None, None, False]


def test_times_have_goals_and_sizes_stand_beside_those_of_a_lora() -> None:
    """A megabyte is a million bytes."""
    took = Took(
        name="rdq:2", seconds=31.0, processor=20.0, peak=900_000_000, size=5_000_000, decode=0.15, fuse=2.0
    )  # fmt: skip

    rows = osd.compare_large([took], {"f16:0.1": 4_000_000})

    assert [row.met for row in rows[:5]] == [False, None, True, True, False]
    assert [row.measured for row in rows[-2:]] == ["4.00 MB", "5.00 MB"]
    assert _named(rows, "LoRA in float16")[0].measured == "10.14  15.19  20.24  30.33  40.42 MB"


def test_the_grid_has_a_row_for_each_rank() -> None:
    """With the error and the size at every share."""
    cells = [
        Cell(space="factor", meaning="kept", rank=8, share=share, error=share, size=round(10_000 * share))
        for share in densities.SHARES
    ]

    (row,) = osd.compare_densities("a", cells)

    assert row.measured == "0.010 (0.1)  0.050 (0.5)  0.100 (1.0)  0.200 (2.0)"
    assert "0.01, 0.05, 0.1, 0.2 kept, rank 8" in row.name


def test_a_lora_is_as_large_as_its_file() -> None:
    """Without making its numbers: two bytes for each, and the header."""
    small = compressing.lora_size(1)

    numbers = LAYERS * sum(map(sum, WIDTHS.values()))
    assert small > 2 * numbers
    assert compressing.lora_size(3) - small == pytest.approx(4 * numbers, abs=2000)
    assert compressing.as_point("rdq:2").bits == 2
    assert compressing.as_point("int8:0.5").settings.density == 0.5
