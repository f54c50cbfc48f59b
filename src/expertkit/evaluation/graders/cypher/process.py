"""The process that runs untrusted queries, seen from outside: started when needed, and again when a query ended it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Sequence
from typing import IO, Any

from expertkit.errors import DependencyError
from expertkit.evaluation.graders.rows import Cell, Row

_WORKER = "expertkit.evaluation.graders.cypher.worker"
_TOO_LONG = (-signal.SIGPROF, -signal.SIGALRM)


class QueryError(Exception):
    """A query gave no rows to compare; the message says why."""


class GraphProcess:
    """Runs queries on graphs, one after the other."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, script: Sequence[str], query: str, *, limit_s: float) -> list[Row]:
        """The rows of a query on the graph that the script makes.

        Raises:
            DependencyError: LadybugDB does not load.
            QueryError: The query does not run, computes for longer than the limit, has too many rows, or makes the
                engine fail.
        """
        request = json.dumps({"script": list(script), "query": query, "limit_s": limit_s}).encode()
        is_fresh = self._process is None
        reply, status = self._ask(request)
        if reply is None and status not in _TOO_LONG and not is_fresh:
            reply, status = self._ask(request)  # it may have been the fault of the queries before it
        if reply is None:
            raise QueryError(f"stopped after {limit_s:g} s" if status in _TOO_LONG else "the engine failed")
        if "error" in reply:
            raise QueryError(reply["error"])
        return [tuple(map(_decode, row)) for row in reply["rows"]]

    def _ask(self, request: bytes) -> tuple[dict[str, Any] | None, int]:
        """What the process replied and 0, or None and the status with which it ended."""
        if self._process is None:
            self._process = _start()
            weakref.finalize(self, _end, self._process)
        process = self._process
        reply = _exchange(process, request)
        if reply:
            return json.loads(reply), 0
        self._process = None
        return None, _end(process)


def _start() -> subprocess.Popen[bytes]:
    """A process that is ready for requests; it ends when it can be asked no more."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", _WORKER],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    greeting = json.loads(_exchange(process) or '{"error": "LadybugDB does not run on this computer"}')
    if "error" in greeting:
        _end(process)
        raise DependencyError(greeting["error"], hint="pip install 'expertkit[train]'")
    return process


def _exchange(process: subprocess.Popen[bytes], request: bytes = b"") -> bytes:
    """The line that answers a request, empty if the process ended."""
    requests, replies = _pipes(process)
    with contextlib.suppress(BrokenPipeError):
        if request:
            requests.write(request + b"\n")
            requests.flush()
    return replies.readline()


def _end(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a process that is asked no more; its status."""
    for pipe in _pipes(process):
        with contextlib.suppress(BrokenPipeError):
            pipe.close()
    return process.wait()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise ValueError("expected a process with pipes")
    return process.stdin, process.stdout


def _decode(cell: Any) -> Cell:
    """A cell as it was; of what is no number or text only the text that shows it, as bytes, which no graph holds."""
    decoded: Cell = cell[0].encode() if isinstance(cell, list) else cell
    return decoded
