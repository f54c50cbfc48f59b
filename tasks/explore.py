"""The search of a grid, by the command, once its trials are done: what is found is for people, nothing rests on it."""

from __future__ import annotations

from contextlib import closing

from prefect import task

from expertkit.search.lineup import Search
from tasks import display, dvc, session
from tasks.progress import Tail
from tasks.stage import POLICY

LIMIT_S = 12 * 3600.0


@task(task_run_name="search@{search.pair}", **POLICY)
def explore(search: Search) -> None:
    """Ask the front of a search, and write down what is found."""
    pair = ["--expert", search.expert, "--base", search.base]
    with session.slot(session.required().workers):
        _follow(f"search@{search.pair}", ["expert-cli", "search", *pair, "--grid", search.grid])


def _follow(stage: str, command: list[str]) -> None:
    tail = Tail(stage=stage)
    tail.forget()
    with display.row(stage) as row, closing(dvc.follow(stage, command, limit_s=LIMIT_S)) as running:
        for _ in running:
            row.show(tail.read(), tail)
