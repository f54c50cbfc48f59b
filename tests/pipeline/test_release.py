"""The first release of the nano project, on real DVC, Prefect and MLflow."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from tasks.tracking import KEY
from tests.pipeline.conftest import Released
from tests.pipeline.runs import artifacts, flow_runs, history, prefect_states, stage_runs, stages, task_edges
from tests.pipeline.workspace import BASE, EXPERTS, Workspace

pytestmark = pytest.mark.line


def test_a_release_ends_with_the_table_and_the_commands_to_look_further(released: Released) -> None:
    """Every expert stands in the table with its package, and the three commands follow."""
    packages = [row["file"] for row in released.workspace.index()]

    assert released.status == 0, released.output
    assert all(f"dist/{package}" in released.output for package in packages)
    assert len(packages) == len(EXPERTS)
    assert "expert-cli verify dist/" in released.output
    assert "mlflow ui" in released.output
    assert "dvc dag" in released.output


def test_what_was_released_can_be_verified(released: Released) -> None:
    """The packages in dist/ are signed by the key that the release made."""
    for row in released.workspace.index():
        released.workspace.must("expert-cli", "verify", f"dist/{row['file']}")


def test_nothing_changed_means_nothing_starts(released: Released) -> None:
    """The second release takes seconds and shows the table without a flow, a run or a stage."""
    before = _traces(released.workspace)
    begun = time.monotonic()

    again = released.workspace.release()

    assert again.returncode == 0, again.stderr
    assert time.monotonic() - begun < 10
    assert "dist/" in again.stdout
    assert _traces(released.workspace) == before


def test_the_graph_of_the_flow_is_the_graph_of_dvc(released: Released) -> None:
    """A flow run waits for exactly what dvc.yaml says a stage reads."""
    waited = task_edges(released.workspace)

    assert waited == released.workspace.edges()
    assert ("recipes", f"data@{EXPERTS[0]}") in waited


def test_losses_can_be_read_while_training_runs(released: Released) -> None:
    """MLflow has the curve of a training before the training has ended."""
    assert released.live
    assert all(loss > 0 for _, loss in released.live)


def test_each_stage_is_logged_once(released: Released) -> None:
    """MLflow holds one run per stage, each with the key of its own result, below one run of the flow."""
    runs = stage_runs(released.workspace)

    assert stages(runs) == sorted(released.workspace.lock())
    assert set(Counter(run.data.tags[KEY] for run in runs).values()) == {1}
    assert [run.info.status for run in [*runs, *flow_runs(released.workspace)]] == ["FINISHED"] * (len(runs) + 1)


def test_a_run_holds_settings_curves_figures_and_pictures(released: Released) -> None:
    """What a person asks of a training and an evaluation is in MLflow."""
    runs = {run.info.run_name: run for run in stage_runs(released.workspace)}
    trained, evaluated = runs[f"train@{EXPERTS[0]}-{BASE}"], runs[f"evaluate@{EXPERTS[0]}-{BASE}"]

    steps = [step for step, _ in history(released.workspace, trained, "loss")]

    assert trained.data.params["train.max_steps"] == "20"
    assert steps == sorted(steps)
    assert steps[-1] == 20
    assert "expert_score" in evaluated.data.metrics
    assert {"ab.png", "loss.png", "metrics.json", "report.html"} <= artifacts(released.workspace, evaluated)


def test_no_output_is_hidden_in_the_cache_or_shared_with_it(released: Released) -> None:
    """Weights and packages are plain files of their own: changing one does not change DVC's copy."""
    made = [path for path in (released.workspace.root / "dist").iterdir() if path.is_file()]

    assert made
    assert not any(path.is_symlink() or path.stat().st_nlink > 1 for path in made)


def test_a_release_leaves_the_repository_clean(released: Released) -> None:
    """Everything that a release writes is ignored by git, but for dvc.lock."""
    changed = released.workspace.must("git", "status", "--porcelain", "--untracked-files=all").splitlines()

    assert changed == ["?? dvc.lock"]


def _traces(workspace: Workspace) -> tuple[int, list[str], float, float]:
    """What a flow would leave: runs in MLflow, flows in Prefect, entries of DVC, logs of stages."""
    lock, log = workspace.root / "dvc.lock", _newest(workspace.root / ".work/logs")
    runs = len(stage_runs(workspace)) + len(flow_runs(workspace))
    return runs, prefect_states(workspace), lock.stat().st_mtime, log


def _newest(folder: Path) -> float:
    return max(path.stat().st_mtime for path in folder.iterdir())


def test_a_finished_training_leaves_no_checkpoint(released: Released) -> None:
    """Otherwise changed code would go on from its end, and give the old adapter again."""
    assert not list((released.workspace.root / ".work/checkpoints").glob("*"))
