"""What the benchmark of scores makes of answers; nobody is asked here."""

from __future__ import annotations

import pytest

from benchmarks import scores
from benchmarks.contenders import NATIVE, OSD, PEFT, PLAIN, THIRD, TRUNCATED, WHOLE, Answered, Pair
from benchmarks.rows import Row

_COUNT = 200


def _pair(key: str = "expert-a-tiny", **right: int) -> Pair:
    """A pair whose contenders have the first so many answers right, all by default."""
    names = [(WHOLE, None), ("osd, 4 bits", None), ("osd, 2 bits", None)]
    names += [(name, rank) for rank in (1, 2) for name in (OSD, THIRD, PLAIN, TRUNCATED, PEFT, NATIVE)]
    answered = [
        Answered(name=name, rank=rank, size=100 * (rank or 0),
                 right=[at < right.get(name.replace(" ", "_").replace(",", ""), _COUNT) for at in range(_COUNT)])
        for name, rank in names
    ]  # fmt: skip
    return Pair(key=key, expert=key[:8], groups=[f"g{at}" for at in range(_COUNT)], answered=answered)


def _row(rows: list[Row], start: str) -> Row:
    (found,) = [row for row in rows if row.name.startswith(start)]
    return found


def test_points_lost_are_a_mean_with_what_is_sure() -> None:
    """Half a point is too much at 4 bits and just right at 2; of 8 points no one is sure that it is under 2."""
    rows = scores.compare_pairs([_pair(osd_4_bits=199, osd_2_bits=184), _pair("expert-b-tiny")])

    assert _row(rows, "points lost at 4 bits per parameter, mean of 2").measured == "0.25"
    assert _row(rows, "points lost at 4 bits per parameter, mean of 2").met is False
    assert _row(rows, "points lost at 4 bits, with").met
    assert _row(rows, "points lost at 2 bits per parameter, mean of 2").measured == "4.00"
    assert _row(rows, "points lost at 2 bits, with").met is False
    assert _row(rows, "pairs that lose at most 2 points at 2 bits").measured == "1 of 2"


def test_a_rival_is_beaten_where_the_interval_is_above_zero() -> None:
    """By ten points; one that is as good is not."""
    rows = scores.compare_pairs([_pair(truncSVD=180)])

    assert _row(rows, "points over truncSVD at the bytes of rank 1").measured.startswith("10.0 (")
    assert _row(rows, "points over truncSVD at the bytes of rank 1").met
    assert _row(rows, "points over native at the bytes of rank 1").met is False


@pytest.mark.parametrize(("right", "count"), [(_COUNT, "0.00"), (150, "1.00")])
def test_pairs_that_are_worse_than_peft_are_counted(right: int, count: str) -> None:
    """And a third of the bytes has to be as good as all of PEFT's."""
    rows = scores.compare_pairs([_pair(osd=right, osd_a_third_of_the_bytes=right), _pair("expert-b-tiny")])

    assert _row(rows, "pairs significantly worse than peft at the bytes of rank 1, of 2").measured == count
    assert _row(rows, "a third of the bytes against peft at the bytes of rank 1").met is (right == _COUNT)


def test_every_pair_is_shown_with_its_bytes() -> None:
    """Both budgets in a row."""
    rows = scores.compare_pairs([_pair(osd=150)])

    assert _row(rows, "expert-a-tiny: osd, right").measured == "0.750 (100)  0.750 (200)"
    assert _row(rows, "expert-a-tiny: whole").measured == "1.000"
