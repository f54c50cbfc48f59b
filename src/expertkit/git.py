"""git, asked without changing what it is asked about."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from expertkit.errors import DependencyError

_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What git says in a folder, whether it succeeds or not.

    Raises:
        DependencyError: there is no git.
    """
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(
            command, capture_output=True, check=False, env={**os.environ, **_ENVIRONMENT}, text=True, errors="replace"
        )
    except FileNotFoundError as error:
        raise DependencyError("expected git on PATH, got none", hint="install git") from error
