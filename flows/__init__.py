"""The stories: one file, one flow each, told in the words of ``tasks``.

Importing this package sets the quiet switches, before any of the four tools is imported: no telemetry, no
network, and Prefect's own files under ``.work/``. A value that is set in the environment wins. While this folder is
served, its server is the one that flows speak to.
"""

from __future__ import annotations

import os
from pathlib import Path

from tasks import server

WORK = Path.cwd() / ".work"

_SWITCHES = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}
"""Switches for every run; the console belongs to the progress display, Prefect's log to its server."""

_OWN_SERVER = {"PREFECT_HOME": str(WORK / "prefect"), "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true"}
"""Switches for the temporary Prefect server, used unless ``PREFECT_API_URL`` names a real one."""

for _name, _value in (_SWITCHES if "PREFECT_API_URL" in os.environ else _SWITCHES | _OWN_SERVER).items():
    os.environ.setdefault(_name, _value)

if "PREFECT_API_URL" not in os.environ and (_address := server.address()):
    os.environ["PREFECT_API_URL"] = _address
