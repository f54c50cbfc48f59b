"""A Prefect server of this project: started where no other one is named, and stopped with whoever started it.

It keeps a database of its own under ``.work/prefect/``, beside that of the temporary servers, so that a person's
``make run`` and what is served do not write into one file.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from expertkit.errors import ExpertError
from tasks import dvc

LOG = dvc.LOGS / "prefect-server.log"
DATABASE = Path(".work/prefect/server.db")

_HOST = "127.0.0.1"
_LONGEST_START_S = 180.0
_LONGEST_STOP_S = 20.0
_POLL_S = 0.2


@contextmanager
def running(*, port: int | None = None) -> Iterator[str]:
    """The address of a healthy server: the one that ``PREFECT_API_URL`` names, or one of our own for the block.

    Args:
        port: where our own listens, on this computer only; by default a free one.

    Raises:
        ExpertError: the server does not answer, or the port is taken.
    """
    named = os.environ.get("PREFECT_API_URL")
    if named:
        _await_health(named, process=None)
        yield named
        return
    address = f"http://{_HOST}:{_free_port() if port is None else _untaken(port)}/api"
    with _started(address) as process:
        _await_health(address, process=process)
        os.environ["PREFECT_API_URL"] = address
        try:
            yield address
        finally:
            del os.environ["PREFECT_API_URL"]


@contextmanager
def _started(address: str) -> Iterator[subprocess.Popen[bytes]]:
    """The server's process; it also ends when this one is killed, and does not hear the terminal's Ctrl-C."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    DATABASE.parent.mkdir(parents=True, exist_ok=True)
    port = address.rpartition(":")[2].partition("/")[0]
    command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "prefect", "server", "start"]
    settings = {"PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{DATABASE.resolve()}"}
    with LOG.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", _HOST, "--port", port],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={**dvc.environment(), **settings, "PREFECT_SERVER_LOGGING_LEVEL": "WARNING"},
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_LONGEST_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_health(address: str, *, process: subprocess.Popen[bytes] | None) -> None:
    """Wait until our own server says that it is well; one that was named has to be."""
    deadline = time.monotonic() + _LONGEST_START_S
    missing = f"Prefect server: expected one at {address}"
    while not _is_healthy(address):
        if process is None:
            raise ExpertError(f"{missing}, got no answer", hint="start it, or unset PREFECT_API_URL")
        if process.poll() is not None or time.monotonic() > deadline:
            got = "no answer" if process.returncode is None else f"exit status {process.returncode}"
            raise ExpertError(f"{missing}, got {got}", hint=f"see {LOG}")
        time.sleep(_POLL_S)


def _is_healthy(address: str) -> bool:
    try:
        with urlopen(f"{address}/health", timeout=5) as answer:  # noqa: S310  # an address that a person set, or our own
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind((_HOST, 0))
        return int(listener.getsockname()[1])


def _untaken(port: int) -> int:
    with closing(socket.socket()) as listener:
        try:
            listener.bind((_HOST, port))
        except OSError as error:
            raise ExpertError(
                f"port {port}: expected a free one, got {error.strerror}", hint="--port names another"
            ) from error
    return port
