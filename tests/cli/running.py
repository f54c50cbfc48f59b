"""Commands as a person types them, and the project that they are typed in."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from expertkit.cli.main import main
from tests.packages.builders import make_project

NAME = "expert-mini-nano.v1.0.0.expert"
PAIR = "--expert expert-mini --base nano"


def enter_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make ``folder`` the current one, with an accepted expert and a signer's home that is not the person's own."""
    make_project(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("EXPERTKIT_HOME", str(folder / "home"))
    monkeypatch.delenv("EXPERTKIT_KEY", raising=False)
    return folder


def run(command: str, *, status: int = 0) -> Result:
    """The result of ``expert-cli <command>``, whose exit status must be ``status``."""
    result = CliRunner().invoke(main, shlex.split(command))
    assert result.exit_code == status, result.output
    return result


def run_json(command: str, *, status: int = 0) -> Any:
    """The one JSON object that the command prints on stdout."""
    return json.loads(run(f"{command} --json", status=status).stdout)
