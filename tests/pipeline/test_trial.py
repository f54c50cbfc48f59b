"""Trials in batches, as they travel to the processes that do them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import dvc, session
from tasks.trial import LARGEST, Batch, _join, deal

BATCH = Batch(expert="expert-sql", base="nano", grid="full", number=1, keys=("a", "b"), folder="/", flow="f")


@given(st.lists(st.text(min_size=1), unique=True), st.integers(1, 20))
def test_every_trial_is_dealt_once(keys: list[str], workers: int) -> None:
    """In batches of like sizes, none larger than a task should be, and one for each worker where there are enough."""
    dealt = deal(keys, workers=workers)

    assert sorted(key for batch in dealt for key in batch) == sorted(keys)
    assert all(0 < len(batch) <= LARGEST for batch in dealt)
    assert max(map(len, dealt), default=0) - min(map(len, dealt), default=0) <= 1
    assert len(dealt) >= min(workers, len(keys))


def test_what_lies_side_by_side_goes_to_several() -> None:
    """The costly ones of a grid stand together, and are shared."""
    assert deal(list("aaBB"), workers=2) == [("a", "B"), ("a", "B")]


def test_a_batch_and_its_failure_travel_between_processes() -> None:
    """As pickles, with all that is known of them."""
    error = dvc.StageError("trials@a: stopped", hint="see a log", is_transient=True)

    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes

    assert pickle.loads(pickle.dumps(BATCH)) == BATCH  # noqa: S301
    assert (str(arrived), arrived.hint, arrived.is_transient) == ("trials@a: stopped", "see a log", True)


def test_a_process_joins_the_flow_wherever_it_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its folder and with its mark, so that it finds the record of the flow, and what it starts is found too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(session.MARK, "another")
    (tmp_path / "project").mkdir()

    _join(Batch(expert="a", base="b", grid="c", number=1, keys=(), folder=str(tmp_path / "project"), flow="mine"))

    assert Path.cwd() == tmp_path / "project"
    assert os.environ[session.MARK] == "mine"
