"""Commands run in a copy of the project and timed, their output shown as progress; the ones a person would type."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from expertkit.errors import ExpertError
from tests.pipeline.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command that has ended."""

    seconds: float
    status: int


def say(text: str) -> None:
    """Tell a person how far it is; standard output is for the table."""
    print(text, file=sys.stderr, flush=True)


def run(workspace: Workspace, *command: str) -> Run:
    """Run a command to its end, whatever its exit status and however long it takes."""
    say(f"  > {shlex.join([Path(command[0]).name, *command[1:]])}")
    # A person's Python keeps compiled modules, the tests' does not.
    variables = {**workspace.environment, "PYTHONDONTWRITEBYTECODE": ""}
    begun = time.monotonic()
    done = subprocess.run(command, cwd=workspace.root, env=variables, stdout=sys.stderr, check=False)
    return Run(seconds=time.monotonic() - begun, status=done.returncode)


def must(workspace: Workspace, *command: str) -> float:
    """Run a command that has to succeed, and give its wall time in seconds.

    Raises:
        ExpertError: it did not succeed.
    """
    done = run(workspace, *command)
    if done.status:
        raise ExpertError(f"{shlex.join(command)}: expected exit status 0, got {done.status}")
    return done.seconds


def type_all(workspace: Workspace) -> float:
    """Run every command of the release line one after the other, as by hand; seconds.

    Raises:
        ExpertError: one did not succeed.
    """
    key = ("expert-cli", "keygen", "--ensure")
    return sum(must(workspace, *command) for command in (key, *typed(workspace)))


def typed(workspace: Workspace) -> Iterator[tuple[str, ...]]:
    """The commands of dvc.yaml in its order, for every expert and base of params.yaml."""
    lists = {f"${{{name}}}": workspace.params()[name] for name in ("experts", "bases")}
    stages = yaml.safe_load((workspace.root / "dvc.yaml").read_text())["stages"]
    for stage in stages.values():
        if not stage.get("frozen"):
            matrix = {name: lists[values] for name, values in stage.get("matrix", {}).items()}
            yield from _filled(stage["cmd"], matrix)


def _filled(template: str, matrix: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """A command for each combination of the matrix."""
    for values in product(*matrix.values()):
        command = template
        for name, value in zip(matrix, values, strict=True):
            command = command.replace(f"${{item.{name}}}", value)
        yield tuple(shlex.split(command))
