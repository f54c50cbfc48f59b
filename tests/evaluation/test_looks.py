"""Looks at test items are counted by what was looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from expertkit.evaluation.looks import Look, record_look

LOOK = Look(version="1.0.0", data="d", adapter="a")


def test_each_adapter_is_a_look_at_these_items_of_this_version(tmp_path: Path) -> None:
    """The same adapter again is none; other items and another version begin anew, and so does another base."""
    looks = [LOOK, LOOK, replace(LOOK, adapter="b"), replace(LOOK, data="e"), replace(LOOK, version="1.1.0"), LOOK]

    counted = [record_look(tmp_path, "expert-sql-tiny", look) for look in looks]

    assert counted == [1, 1, 2, 1, 1, 2]
    assert record_look(tmp_path, "expert-sql-small", LOOK) == 1


def test_half_a_line_does_no_harm(tmp_path: Path) -> None:
    """What a killed command left is passed over, and so is what nobody wrote."""
    record_look(tmp_path, "k", LOOK)
    path = tmp_path / ".work/looks/k.jsonl"
    path.write_text(path.read_text() + '[1]\n{"version": "1.0\n')

    assert record_look(tmp_path, "k", replace(LOOK, adapter="b")) == 2
