"""How many processes share a training is in the recipe, and what does not fit that is told before it starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from expertkit.errors import TrainingError
from expertkit.training.arguments import check_computer
from expertkit.training.processes import count_processes, is_first, is_launched, launch
from tests.training.test_settings import BASELINE


def test_a_process_alone_is_the_first_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes and prints; nobody has to launch it."""
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)

    assert (is_launched(), count_processes(), is_first()) == (False, 1, True)


def test_a_launched_process_knows_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The launcher says it by the environment."""
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "3")

    assert (is_launched(), count_processes(), is_first()) == (True, 4, False)


def test_rows_that_cannot_be_divided_are_told_before_anything_is_launched() -> None:
    """Once, and not by every process."""
    with pytest.raises(TrainingError, match="batch_size: expected a multiple of processes, 3, got 4"):
        launch(replace(BASELINE, processes=3), ["train"])


@pytest.mark.parametrize(
    ("processes", "rows", "launched", "told"),
    [
        (1, 4, 2, "processes: expected 1, as the recipe says, got 2 launched"),
        (2, 4, 1, "processes: expected 2, as the recipe says, got 1 launched"),
        (2, 5, 2, "batch_size: expected a multiple of processes, 2, got 5"),
        (3, 4, 1, "got 1 launched; batch_size: expected a multiple of processes, 3, got 4"),
    ],
)
def test_a_step_has_the_rows_of_the_recipe(
    monkeypatch: pytest.MonkeyPatch, processes: int, rows: int, launched: int, told: str
) -> None:
    """Other processes than the recipe's, or rows that cannot be divided among them, would change what is learnt."""
    monkeypatch.setenv("WORLD_SIZE", str(launched))

    with pytest.raises(TrainingError, match=told):
        check_computer(replace(BASELINE, processes=processes, batch_size=rows))
