"""A Prefect server of this project: started where no other one is named, and stopped with whoever started it.

It has the database of the temporary servers, under ``.work/prefect/``. While it runs, whoever starts a flow in this
folder finds it by its address on record, so that all flows are in one place.
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
from expertkit.files import write_bytes
from tasks import dvc, session

LOG = dvc.LOGS / "prefect-server.log"

_GUARD = Path(".work/server.lock")
_ADDRESS = Path(".work/server")
_SITE = "http://127.0.0.1"
_HOST = _SITE.rpartition("/")[2]
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
    with _alone(), _started(_free_port() if port is None else _untaken(port)) as address:
        write_bytes(_ADDRESS, address.encode())
        os.environ["PREFECT_API_URL"] = address
        try:
            yield address
        finally:
            del os.environ["PREFECT_API_URL"]


def address() -> str | None:
    """Where the server of this project answers, if it runs."""
    if not _ADDRESS.is_file():
        return None
    with session.locked(_GUARD) as is_free:
        return None if is_free else _ADDRESS.read_text()


@contextmanager
def _alone() -> Iterator[None]:
    with session.locked(_GUARD) as is_ours:
        if not is_ours:
            raise ExpertError("Prefect server: expected none of this project, got one", hint="stop `make serve`")
        yield


@contextmanager
def _started(port: int) -> Iterator[str]:
    """The address of a server, healthy; it also ends when this process is killed, and does not hear a Ctrl-C."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    address = f"{_SITE}:{port}/api"
    command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "prefect", "server", "start"]
    with LOG.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", _HOST, "--port", str(port)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={**dvc.environment(), "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING"},
        )  # fmt: skip
    try:
        _await_health(address, process=process)
        yield address
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
