"""A copy of this project in a folder of its own, with a nano base and settings that take seconds.

Everything in it is real: the commands of ``dvc.yaml``, DVC, Prefect, MLflow. Only sizes differ.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from expertkit.files import read_json, write_json

PROJECT = Path(__file__).resolve().parents[2]
BASE = "nano"
EXPERTS = ("expert-json", "expert-sql")
STAGES = ("train", "search", "decompose", "evaluate", "package", "sign", "replay")
"""The stages that every pair of expert and base has."""

_SETTINGS: dict[str, dict[str, Any]] = {
    "data": {"train": 200, "dev": 40, "test": 40, "unseen": 20},
    "train": {"max_steps": 20, "batch_size": 8, "warmup_steps": 2, "logging_steps": 1, "save_steps": 10},
    "search": {"enabled": False},
    "evaluate": {"min_accuracy": 0.0, "max_p": 1.0, "max_forgetting": 100.0, "max_new_tokens": 8, "shots": [0]},
}
_BUILD = {
    "seed": 1, "tokenizer_seed": 1, "domains": ["sql", "json"], "vocabulary": 1000,
    "hidden_size": 32, "intermediate_size": 64, "layers": 1, "heads": 1, "max_positions": 256,
    "steps": 2, "batch_size": 4, "learning_rate": 1.0e-3, "threads": 1,
}  # fmt: skip
_FOREIGN = ("DVC_", "PREFECT_", "MLFLOW_", "EXPERTKIT_", "HF_", "GIT_")
"""Variables that would lead a command out of its workspace."""
_EDGE = re.compile(r'^"(.+)" -> "(.+)";$', re.MULTILINE)
_LONGEST_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A project folder that commands are run in."""

    root: Path
    home: Path
    """The publisher's and the tools' files outside the project."""

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever its exit status."""
        return subprocess.run(
            command, cwd=self.root, env=self.environment | variables, text=True, capture_output=True, check=False,
            timeout=_LONGEST_S,
        )  # fmt: skip

    def must(self, *command: str, **variables: str) -> str:
        """Run a command that has to succeed, and give what it printed."""
        done = self.run(*command, **variables)
        assert done.returncode == 0, f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def release(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the release line as ``make run`` does."""
        return self.run(*RELEASE, *options, **variables)

    def start(self, *, output: Path) -> subprocess.Popen[bytes]:
        """Start the release line and come back at once; it leads a process group of its own."""
        with output.open("ab") as file:
            return subprocess.Popen(
                RELEASE, cwd=self.root, env=self.environment, stdout=file, stderr=file, start_new_session=True
            )

    def clean(self) -> None:
        """Forget everything that stages made, and what DVC knows about it; the key stays."""
        made = [self.root / name for name in ("build", "dist", ".dvc/cache", ".dvc/tmp", ".work/checkpoints")]
        for folder in [*made, *self.root.glob("experts/*/weights")]:
            shutil.rmtree(folder, ignore_errors=True)
        (self.root / "dvc.lock").unlink(missing_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for commands: this workspace's sources, this Python's programs, nothing of the caller's tools."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        return own | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}",
            "PYTHONPATH": str(self.root / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "EXPERTKIT_HOME": str(self.home / "publisher"),
            "DVC_SITE_CACHE_DIR": str(self.home / "dvc-site"),
            "DVC_GLOBAL_CONFIG_DIR": str(self.home / "dvc-global"),
            "DVC_NO_ANALYTICS": "1",
        }

    def copy(self, root: Path) -> Workspace:
        """The same project, with everything made so far, in another folder; it shares nothing but the key."""
        shutil.copytree(self.root, root, symlinks=True)
        return Workspace(root=root, home=self.home)

    def override(self, overrides: Mapping[str, Any]) -> None:
        """Write the overrides of params.yaml."""
        params = self.params()
        self.write_params({**params, "overrides": overrides})

    def params(self) -> dict[str, Any]:
        """What params.yaml says."""
        return dict(yaml.safe_load((self.root / "params.yaml").read_text()))

    def write_params(self, params: Mapping[str, Any]) -> None:
        """Replace params.yaml."""
        (self.root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))

    def index(self) -> list[dict[str, Any]]:
        """The releases that dist/ holds."""
        return list(read_json(self.root / "dist/index.json")["releases"])

    def digests(self) -> dict[str, str | None]:
        """Content digest by expert; null for a refused one."""
        return {row["expert"]: row["content_digest"] for row in self.index()}

    def edges(self) -> set[tuple[str, str]]:
        """The edges of DVC's graph: a stage and one that reads what it wrote."""
        return set(_EDGE.findall(self.must("dvc", "dag", "--dot")))

    def lock(self) -> dict[str, Any]:
        """The entries of dvc.lock by stage."""
        return dict(yaml.safe_load((self.root / "dvc.lock").read_text())["stages"])

    def processes(self) -> list[str]:
        """Command lines of processes that run in the workspace; others may come and go while we look."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (process / "cwd").readlink() == self.root and (command := (process / "cmdline").read_text()):
                    found.append(command.replace("\0", " "))
        return found


RELEASE = (sys.executable, "-m", "flows.release")
"""What ``make run`` runs once everything is installed."""


def make_workspace(folder: Path) -> Workspace:
    """Copy the project, make it nano and build its base."""
    workspace = copy_project(folder, without=("models/", "tests/", "dvc.lock"))
    _make_nano(workspace)
    workspace.must("expert-cli", "base", "build", BASE)
    commit_all(workspace)
    return workspace


def copy_project(folder: Path, *, without: tuple[str, ...] = ()) -> Workspace:
    """Copy to ``folder``/project what a clone of the working tree would hold, but for what begins like ``without``."""
    workspace = Workspace(root=folder / "project", home=folder / "home")
    for name in _project_files():
        if not name.startswith(without):
            target = workspace.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / name, target)
    return workspace


def commit_all(workspace: Workspace) -> None:
    """Make the copy a repository of its own."""
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "a copy")):
        workspace.must("git", "-c", "user.name=nano", "-c", "user.email=nano@localhost", *command)


def _project_files() -> list[str]:
    """Every file of the working tree that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    return [name for name in listed if name and (PROJECT / name).is_file()]


def _make_nano(workspace: Workspace) -> None:
    base = {"name": BASE, "source": {"path": f"models/{BASE}"}, "fingerprint": None, "build": _BUILD}
    (workspace.root / "configs/base_models" / f"{BASE}.yaml").write_text(yaml.safe_dump(base))
    params = workspace.params()
    defaults = {section: {**values, **_SETTINGS.get(section, {})} for section, values in params["defaults"].items()}
    workspace.write_params({
        **params, "experts": list(EXPERTS), "bases": [BASE], "defaults": defaults, "overrides": {},
    })  # fmt: skip
    for expert in EXPERTS:
        path = workspace.root / "experts" / expert / "manifest.json"
        manifest = json.loads(path.read_text())
        write_json(path, {**manifest, "base_models": [{**manifest["base_models"][0], "name": BASE}]})
