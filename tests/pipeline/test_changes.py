"""Something changed since the last release: what runs again, what is refused, what fails, and what goes on."""

from __future__ import annotations

import pytest

from tests.pipeline.conftest import Released
from tests.pipeline.runs import flow_runs, history, stage_runs, stages
from tests.pipeline.workspace import BASE, STAGES, Workspace

pytestmark = pytest.mark.line


def test_another_recipe_runs_only_the_stages_of_its_expert(released: Released, workspace: Workspace) -> None:
    """One expert is trained anew by hand, then released: its stages are logged once, the other's do not run."""
    train = {"learning_rate": 0.001}
    workspace.override({"expert-sql": {"train": train}})
    workspace.must("dvc", "repro", f"train@expert-sql-{BASE}")
    workspace.override({"expert-sql": {"train": train, "sign": {"valid_days": 30}}})

    done = workspace.release()

    runs = stage_runs(workspace)[: -len(stage_runs(released.workspace))]
    trained = next(run for run in runs if run.info.run_name.startswith("train@"))
    assert done.returncode == 0, done.stderr
    assert stages(runs) == sorted(["recipes", "release", *(f"{stage}@expert-sql-{BASE}" for stage in STAGES)])
    assert history(workspace, trained, "loss")[-1][0] == 20
    assert {run.data.tags["mlflow.parentRunId"] for run in runs} == {flow_runs(workspace)[0].info.run_id}
    assert workspace.digests()["expert-json"] == released.workspace.digests()["expert-json"]
    assert workspace.digests()["expert-sql"] != released.workspace.digests()["expert-sql"]


def test_a_refused_expert_is_named_and_the_other_is_released(workspace: Workspace) -> None:
    """The gate refuses what does not reach its threshold: reason in the table, exit status 1, the rest as ever."""
    workspace.override({"expert-json": {"evaluate": {"min_accuracy": 1.0}}})

    done = workspace.release()

    verdicts = {row["expert"]: row["verdict"] for row in workspace.index()}
    assert done.returncode == 1
    assert verdicts == {"expert-json": "refused", "expert-sql": "accepted"}
    assert f"expert-json on {BASE}: refused: accuracy: expected at least 1.00" in done.stdout
    assert workspace.release().returncode == 1


def test_a_stage_that_fails_stops_only_what_is_made_from_it(workspace: Workspace) -> None:
    """The reason and the log are named, the other expert is packed and signed, and the next release mends it."""
    link = workspace.root / "experts/expert-json/tests/link"
    link.symlink_to("test_cases.json")
    (workspace.root / "experts/expert-sql/README.md").write_text("# Another page\n")
    signed = workspace.root / f"build/signed/expert-sql-{BASE}"
    before = signed.stat().st_mtime

    failed = workspace.release()

    assert failed.returncode == 1
    assert f"package@expert-json-{BASE}: " in failed.stderr
    assert "symbolic link" in failed.stderr
    assert ".work/logs/" in failed.stderr
    assert signed.stat().st_mtime > before

    link.unlink()

    assert workspace.release().returncode == 0


def test_a_broken_tracker_costs_a_warning_and_no_stage(workspace: Workspace) -> None:
    """Without MLflow everything is released all the same."""
    workspace.override({"expert-sql": {"sign": {"valid_days": 30}}})

    done = workspace.release(MLFLOW_TRACKING_URI="http://127.0.0.1:9")

    assert done.returncode == 0, done.stderr
    assert "is missing in MLflow" in done.stderr
    assert "Traceback" not in done.stderr
