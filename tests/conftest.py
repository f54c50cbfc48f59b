"""A base model small enough for a test: built once, by the builder of the embedded ones."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from expertkit.instructions import use_common_instructions
from expertkit.training.base import BaseBuild, build_base

use_common_instructions(os.environ)
"""Before torch computes, as the command does."""

_LONGEST_S = 20

NANO = BaseBuild(
    seed=3,
    vocabulary=600,
    tokenizer_seed=3,
    domains=("sql", "json"),
    hidden_size=32,
    intermediate_size=64,
    layers=2,
    heads=1,
    steps=12,
    batch_size=16,
    learning_rate=2e-3,
    max_positions=512,
    threads=1,
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where tests run side by side, those of a file stay together, and so do all of the line, which goes first.

    For they share what takes minutes to make, and processes of the line keep more than one processor busy.
    """
    if config.getoption("dist", "no") == "no":
        return
    for item in items:
        group = "line" if item.get_closest_marker("line") else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.get_closest_marker("line") is None)


@pytest.fixture(scope="session")
def nano_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformers directory with an untaught model of some 30,000 weights."""
    folder = tmp_path_factory.mktemp("bases") / "nano"
    build_base(NANO, folder, scratch=tmp_path_factory.mktemp("scratch"), measure=lambda _step, _values: None)
    return folder


@pytest.fixture
def in_time() -> Iterator[None]:
    """Ends a test that would wait for ever."""

    def stop(_number: int, _frame: object) -> None:
        pytest.fail(f"took longer than {_LONGEST_S} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_LONGEST_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
