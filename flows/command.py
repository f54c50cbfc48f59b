"""What a command does around a flow: check, ask DVC, start the flow only if something is stale, show what there is.

Exit status: 0 when everything is released, 1 when a stage failed or the gate refused an expert; that of
``expert-cli`` when a setting, a manifest or a base model is wrong and nothing was started.
"""

from __future__ import annotations

import os
import pkgutil
from argparse import ArgumentParser
from collections.abc import Sequence
from signal import SIGHUP, SIGINT, SIGTERM, signal
from types import FrameType

from expertkit.errors import ExpertError
from flows.preparation import prepare, stale
from flows.report import show
from tasks import display, dvc, session


def main(entrypoint: str, arguments: Sequence[str] | None = None) -> int:
    """Run the release line in the current folder and give the exit status.

    Args:
        entrypoint: the flow, ``module:name``; it is imported only if something is stale.
        arguments: of the command line; by default this process's own.
    """
    parser = ArgumentParser(prog="python -m flows", description="Release every expert of params.yaml for every base.")
    parser.add_argument("--workers", help="stages at the same time; by default $EXPERTKIT_WORKERS or 2")
    asked = parser.parse_args(arguments).workers
    for number in (SIGINT, SIGTERM, SIGHUP):
        signal(number, _stop)
    try:
        workers = session.count_workers(asked)
        with session.claimed(workers=workers):
            return _release(entrypoint, workers)
    except ExpertError as error:
        display.say(f"Error: {error}" + (f"\nHint: {error.hint}" if error.hint else ""))
        return error.exit_code
    except OSError as error:
        display.say(f"Error: {error.filename or 'system'}: {error.strerror or error}")
        return 1


def _release(entrypoint: str, workers: int) -> int:
    """Prefect is imported and its server started only if something is stale."""
    prepare()
    if waiting := stale():
        session.update(stale=waiting)
        display.say(f"{len(waiting)} stages are not current or read one that is not; starting Prefect")
        ended = pkgutil.resolve_name(entrypoint)(workers, return_state=True)
        if not ended.is_completed():
            display.say(f"Error: {ended.message}")
            return 1
    elif session.required().interrupted_run:
        from tasks import tracking

        tracking.settle()
    return show()


def _stop(number: int, _frame: FrameType | None) -> None:
    """End like a killed flow, which the next one clears up after: a temporary server died of the same Ctrl-C."""
    dvc.stop()
    if session.current():
        session.end_processes()
    display.leave("stopped; finished stages are kept")
    os._exit(128 + number)
