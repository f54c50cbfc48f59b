"""A training that is killed and begun again learns what it would have learnt, to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.kills import KINDS, STEPS, train_killed, train_whole


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_training_gives_the_bytes_of_an_undisturbed_one(nano_base: Path, tmp_path: Path, kind: str) -> None:
    """``kill -9`` at random moments, also while a checkpoint is written; ``python -m benchmarks kills`` has more."""
    whole = train_whole(nano_base, tmp_path / "whole", kind)

    killed, reached = train_killed(nano_base, tmp_path / "killed", kind, kills=2, seed=len(kind))

    assert killed == whole
    assert all(0 < step <= STEPS for step in reached)
