"""What a command does around a flow: check, ask DVC, start the flow only if something is stale, show what there is.

Exit status: 0 when everything is released, 1 when a stage or a search failed, the gate refused an expert or a night
found a regression; that of ``expert-cli`` when a setting, a manifest or a base model is wrong and nothing was started.
"""

from __future__ import annotations

import os
import pkgutil
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from signal import SIGHUP, SIGINT, SIGTERM, signal
from types import FrameType

from expertkit.errors import ExpertError
from flows import runners
from flows.preparation import night_config, prepare, searchable, stale
from flows.report import show, show_night, show_search
from tasks import display, dvc, session


def main(entrypoint: str, arguments: Sequence[str] | None = None) -> int:
    """Run the release line in the current folder and give the exit status.

    Args:
        entrypoint: the flow, ``module:name``; it is imported only if something is stale.
        arguments: of the command line; by default this process's own.
    """
    parser = _parser("python -m flows", "Release every expert of params.yaml for every base.")
    asked = parser.parse_args(arguments)
    return _run(partial(_release, entrypoint), asked.workers)


def nightly(entrypoint: str, arguments: Sequence[str] | None = None) -> int:
    """Examine what is released and what is in dist/, in the current folder, and give the exit status.

    Args:
        entrypoint: the flow, ``module:name``.
        arguments: of the command line; by default this process's own.
    """
    parser = _parser("python -m flows.nightly", "Ask what is released, and what is in dist/, fresh questions.")
    parser.add_argument("--seed", type=int, help="of the questions; by default today's date, as 20260131")
    asked = parser.parse_args(arguments)
    return _run(partial(_examine, entrypoint, asked.seed), asked.workers)


def search(entrypoint: str, arguments: Sequence[str] | None = None) -> int:
    """Try every way to compress that a grid has, in the current folder, and give the exit status.

    Args:
        entrypoint: the flow, ``module:name``.
        arguments: of the command line; by default this process's own.
    """
    parser = _parser("python -m flows.search", "Try every way to compress that a grid has on every trained adapter.")
    parser.add_argument("--grid", default="full", help="a file of configs/search/; by default full")
    parser.add_argument("--expert", action="append", default=[], help="one of params.yaml, or several; by default all")
    parser.add_argument("--base", action="append", default=[], help="one of params.yaml, or several; by default all")
    parser.add_argument("--runner", choices=runners.RUNNERS, default="threads", help="where trials run")
    asked = parser.parse_args(arguments)
    return _run(partial(_search, entrypoint, asked), asked.workers)


def _parser(program: str, description: str) -> ArgumentParser:
    parser = ArgumentParser(prog=program, description=description)
    parser.add_argument("--workers", help="stages at the same time; by default $EXPERTKIT_WORKERS or 2")
    return parser


def _run(work: Callable[[int], int], asked: str | None) -> int:
    """Do it as the one flow of this workspace, and turn an expected error into its message and exit status."""
    for number in (SIGINT, SIGTERM, SIGHUP):
        signal(number, _stop)
    try:
        workers = session.count_workers(asked)
        with session.claimed(workers=workers):
            return work(workers)
    except ExpertError as error:
        display.say(f"Error: {error}" + (f"\nHint: {error.hint}" if error.hint else ""))
        return error.exit_code
    except OSError as error:
        display.say(f"Error: {error.filename or 'system'}: {error.strerror or error}")
        return 1


def _release(entrypoint: str, workers: int) -> int:
    """Prefect is imported and its server started only if something is stale."""
    if waiting := stale(prepare()):
        session.update(stale=waiting)
        display.say(f"{len(waiting)} stages are not current or read one that is not; starting Prefect")
        ended = pkgutil.resolve_name(entrypoint)(workers, return_state=True)
        if not ended.is_completed():
            display.say(f"Error: {ended.message}")
            return 1
    elif session.required().interrupted_run:
        from tasks import registry, tracking

        tracking.settle()
        registry.mirror()
    return show()


def _examine(entrypoint: str, seed: int | None, workers: int) -> int:
    """The settings are read before Prefect is imported: what is wrong there is told at once."""
    prepare()
    night_config()
    from tasks import nights

    night = nights.choose(datetime.now(UTC).date(), seed)
    night.path.unlink(missing_ok=True)
    ended = pkgutil.resolve_name(entrypoint)(night.seed, workers, return_state=True)
    show_night(nights.read(night))
    if not ended.is_completed():
        display.say(f"Error: {ended.message}")
    return int(not ended.is_completed())


def _search(entrypoint: str, asked: Namespace, workers: int) -> int:
    """What is missing is told before Prefect is imported."""
    runners.require(asked.runner)
    searchable(prepare(), grid=asked.grid, experts=asked.expert, bases=asked.base)
    from tasks import searches

    searches.forget(asked.grid)
    flow = pkgutil.resolve_name(entrypoint)
    ended = flow(asked.grid, asked.expert, asked.base, asked.runner, workers, return_state=True)
    show_search(searches.read(asked.grid))
    if not ended.is_completed():
        display.say(f"Error: {ended.message}")
    return int(not ended.is_completed())


def _stop(number: int, _frame: FrameType | None) -> None:
    """End like a killed flow, which the next one clears up after: a temporary server died of the same Ctrl-C."""
    dvc.stop()
    if session.current():
        session.end_processes()
    display.leave("stopped; finished stages are kept")
    os._exit(128 + number)
