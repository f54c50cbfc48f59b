"""Rows of every format come with the place where a person finds them, bad ones with their reason."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from expertkit.data.own.rows import read_rows
from expertkit.errors import FormatError
from tests.data.own.builders import own, rows, write_jsonl
from tests.hub import serve


def test_a_line_that_is_no_object_is_a_bad_row(tmp_path: Path) -> None:
    """With its number; empty lines are none, and the mark at the beginning of a file is no part of it."""
    write_jsonl(tmp_path / "a.jsonl", ["\ufeff" + '{"a": 1}', "", "{", "[1]", '{"a": 1, "a": 2}', '{"a": 3}'])
    (file,) = own(tmp_path, "a.jsonl").files

    read = list(read_rows(file, tmp_path))

    assert [(row.place, row.values) for row in read] == [
        ("a.jsonl:1", {"a": 1}), ("a.jsonl:3", None), ("a.jsonl:4", None), ("a.jsonl:5", None),
        ("a.jsonl:6", {"a": 3}),
    ]  # fmt: skip
    assert "expected JSON" in read[1].problem
    assert read[2].problem == "expected a JSON object, got a list"
    assert "key" in read[3].problem


def test_a_json_file_may_be_one_array(tmp_path: Path) -> None:
    """Its rows are counted; JSON lines under that name are read as such."""
    (tmp_path / "a.json").write_text('\n[{"a": 1},\n [2], {"a": 3}]')
    (tmp_path / "b.json").write_text('{"a": 1}\n{"a": 2}\n')
    (tmp_path / "c.json").write_text('[{"a": 1}, ')
    array, lines, broken = own(tmp_path, "a.json", "b.json", "c.json").files

    read = list(read_rows(array, tmp_path))

    assert [(row.place, row.values) for row in read] == [
        ("a.json#1", {"a": 1}),
        ("a.json#2", None),
        ("a.json#3", {"a": 3}),
    ]
    assert [(row.place, row.values) for row in read_rows(lines, tmp_path)] == [
        ("b.json:1", {"a": 1}),
        ("b.json:2", {"a": 2}),
    ]
    with pytest.raises(FormatError, match=r"c\.json"):
        list(read_rows(broken, tmp_path))


def test_a_table_says_which_row_has_other_cells_than_columns(tmp_path: Path) -> None:
    """A quoted cell may hold line ends; bytes that are no UTF-8 spoil their row only."""
    (tmp_path / "a.csv").write_bytes(b'q,a\nwho,"one\ntwo"\nthree\nfour,\xff\nfive,"6"x\nseven,8\n')
    (file,) = own(tmp_path, "a.csv").files

    read = list(read_rows(file, tmp_path))

    assert [(row.place, row.values) for row in read] == [
        ("a.csv:3", {"q": "who", "a": "one\ntwo"}), ("a.csv:4", None), ("a.csv:5", None), ("a.csv:6", None),
        ("a.csv:7", {"q": "seven", "a": "8"}),
    ]  # fmt: skip
    assert [row.problem.split(", got")[0] for row in read[1:4]] == [
        "expected 2 cells",
        "expected UTF-8",
        "expected CSV",
    ]


def test_a_table_whose_columns_have_no_names_is_none(tmp_path: Path) -> None:
    """Two of one name are as bad."""
    (tmp_path / "a.csv").write_text("q,q\n1,2\n")
    (file,) = own(tmp_path, "a.csv").files

    with pytest.raises(FormatError, match=r"a\.csv: expected a different name for each column, got q, q"):
        list(read_rows(file, tmp_path))


def test_tabs_separate_in_a_tsv(tmp_path: Path) -> None:
    """Its suffix says so."""
    (tmp_path / "a.tsv").write_text("q\ta\nx, y\tz\n")
    (file,) = own(tmp_path, "a.tsv").files

    assert [row.values for row in read_rows(file, tmp_path)] == [{"q": "x, y", "a": "z"}]


def test_parquet_and_saved_data_sets_are_read_by_the_library(tmp_path: Path) -> None:
    """Rows are numbered from 1; the splits of a saved data set are parts."""
    from datasets import Dataset, DatasetDict

    made = Dataset.from_list(rows(3))
    made.to_parquet(tmp_path / "a.parquet")
    DatasetDict({"train": made, "validation": made}).save_to_disk(tmp_path / "saved")

    parquet, saved = (own(tmp_path, name).files[0] for name in ("a.parquet", "saved"))

    assert [(row.place, row.part, row.values) for row in read_rows(parquet, tmp_path)] == [
        (f"a.parquet#{number}", None, row) for number, row in enumerate(rows(3), start=1)
    ]
    assert [(row.place, row.part) for row in read_rows(saved, tmp_path)] == [
        *((f"saved/train#{number}", None) for number in (1, 2, 3)),
        *((f"saved/validation#{number}", "dev") for number in (1, 2, 3)),
    ]


def test_a_file_that_is_no_parquet_is_said_to_be_none(tmp_path: Path) -> None:
    """By its name."""
    (tmp_path / "a.parquet").write_text("no such thing")
    (file,) = own(tmp_path, "a.parquet").files

    with pytest.raises(FormatError, match=r"^a\.parquet: expected a readable parquet data set, got "):
        list(read_rows(file, tmp_path))


def test_a_data_set_of_the_hub_is_fetched_at_its_revision(tmp_path: Path) -> None:
    """Its splits are parts; the same command without the hub says what is missing."""
    revision = "a" * 40
    write_jsonl(tmp_path / "hub/train.jsonl", rows(60))
    write_jsonl(tmp_path / "hub/test.jsonl", rows(20, start=60))
    command = [str(Path(sys.executable).with_name("expert-cli")), "data", "stats", f"me/parcels@{revision}::"]
    with serve(tmp_path / "hub", repo="me/parcels", revision=revision, kind="datasets") as address:
        variables = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
        found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=variables)
    gone = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**variables, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "other")},
    )  # fmt: skip

    assert found.returncode == 0, found.stderr
    assert [line.split()[:2] for line in found.stdout.splitlines()[1:]][2] == ["test", "20"]
    assert gone.returncode == 12
    assert gone.stderr.startswith(f"Error: me/parcels@{revision}::: expected a data set of the hub, got ")
