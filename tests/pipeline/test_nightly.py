"""A night by hand and one by its schedule, on real DVC, MLflow and a real Prefect server."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGINT
from typing import Any

import pytest
from mlflow import MlflowClient

from expertkit.files import read_json, write_json
from tests.pipeline.workspace import BASE, Workspace

pytestmark = pytest.mark.line

LONGEST_S = 540.0
EVERY_S = 20
"""The first run of a schedule by intervals is due one interval after it was registered."""
QUICK = {"PREFECT_RUNNER_POLL_FREQUENCY": "2"}
NIGHTLY = (sys.executable, "-m", "flows.nightly")


@pytest.fixture
def promoted(workspace: Workspace) -> Workspace:
    """A released project with one expert promoted, which asks little in a night."""
    workspace.must("expert-cli", "promote", "expert-sql")
    params = workspace.params()
    workspace.write_params({**params, "nightly": {"items": 24, "alpha": 0.001}})
    return workspace


def _boast(workspace: Workspace, expert: str) -> None:
    """A package in dist/ that promises what its expert cannot do."""
    metrics = workspace.root / f"build/evaluate/{expert}-{BASE}/metrics.json"
    write_json(metrics, {**read_json(metrics), "expert_score": 0.95})
    for stage in ("package", "sign", "replay"):
        workspace.must("expert-cli", stage, "--expert", expert, "--base", BASE)
    workspace.must("expert-cli", "release")


def test_a_regression_fails_the_night_with_its_reason_and_everything_is_on_record(promoted: Workspace) -> None:
    """The champion holds, the challenger does not, nobody is left out; the registry says who is who."""
    champion = promoted.digests()["expert-sql"]
    _boast(promoted, "expert-sql")
    challenger = promoted.digests()["expert-sql"]

    night = promoted.run(*NIGHTLY, "--seed", "7")

    assert night.returncode == 1, night.stderr
    assert f"expert-sql 1.0.0 on {BASE}: expected 0.950 as on 40 test items, got 0.000 of 24 fresh ones" in night.stderr
    (found,) = (promoted.root / ".work/nightly").glob("*-seed-7.json")
    sql, other = sorted(read_json(found)["pairs"], key=lambda pair: pair["expert"] != "expert-sql")
    assert [package["role"] for package in other["packages"]] == ["challenger"]
    assert [(package["role"], package["content_digest"]) for package in sql["packages"]] == [
        ("champion", champion),
        ("challenger", challenger),
    ]
    assert [bool(package["regression"]) for package in sql["packages"]] == [False, True]
    assert _aliases(promoted) == {"champion": champion, "challenger": challenger}
    assert _night_runs(promoted) == {
        f"{datetime.now(UTC).date()}-seed-7": "FINISHED",
        f"expert-json-{BASE}": "FINISHED",
        f"expert-sql-{BASE}": "FAILED",
    }


def test_a_scheduled_night_completes_on_a_real_server(promoted: Workspace, tmp_path: Path) -> None:
    """Served from prefect.yaml, started by its schedule, with its result on record; Ctrl-C ends the server too."""
    path = promoted.root / "prefect.yaml"
    path.write_text(
        path.read_text().replace("cron: 0 3 * * *\n        timezone: Europe/Berlin", f"interval: {EVERY_S}")
    )
    with (tmp_path / "output").open("wb") as output:
        serving = subprocess.Popen(
            [sys.executable, "-m", "flows.serve"], cwd=promoted.root, env=promoted.environment | QUICK,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        state = _await_scheduled(promoted, serving)
        address = (promoted.root / ".work/server").read_text()
    finally:
        serving.send_signal(SIGINT)
        status = serving.wait(LONGEST_S)  # a run that the schedule has begun meanwhile may end first

    said = (tmp_path / "output").read_text()
    assert state == "COMPLETED", said
    assert f"nightly: every {EVERY_S} s UTC" in said
    assert (promoted.root / f".work/nightly/{datetime.now(UTC).date()}.json").is_file()
    assert status == 0
    assert not _listens(address)


def _await_scheduled(workspace: Workspace, serving: subprocess.Popen[bytes]) -> str:
    """How the first run that a schedule started ended."""
    deadline = time.monotonic() + LONGEST_S
    while time.monotonic() < deadline and serving.poll() is None:
        time.sleep(0.5)
        with suppress(sqlite3.Error), closing(sqlite3.connect(workspace.root / ".work/prefect/prefect.db")) as database:
            ended = "state_type in ('COMPLETED', 'FAILED', 'CRASHED')"
            rows = database.execute(f"select state_type from flow_run where auto_scheduled and {ended}").fetchall()  # noqa: S608
            if rows:
                return str(rows[0][0])
    return "nothing"


def _listens(address: str) -> bool:
    asked = subprocess.run(
        [sys.executable, "-c", f"import urllib.request; urllib.request.urlopen('{address}/health', timeout=5)"],
        capture_output=True, check=False,
    )  # fmt: skip
    return asked.returncode == 0


def _aliases(workspace: Workspace) -> dict[str, Any]:
    """The content digest behind each alias of expert-sql."""
    client, name = _client(workspace), f"expert-sql-{BASE}"
    aliases = client.get_registered_model(name).aliases
    return {alias: client.get_model_version(name, version).tags["content_digest"] for alias, version in aliases.items()}


def _night_runs(workspace: Workspace) -> dict[str, str]:
    """How each run of a night ended, by its name."""
    experiment = _client(workspace).get_experiment_by_name("nightly")
    assert experiment is not None
    runs = _client(workspace).search_runs([experiment.experiment_id])
    assert all("unaided.score" in run.data.metrics for run in runs if run.data.tags["expertkit.pair"])
    return {str(run.info.run_name): run.info.status for run in runs}


def _client(workspace: Workspace) -> MlflowClient:
    return MlflowClient(tracking_uri=f"sqlite:///{workspace.root / 'mlflow.db'}")
