"""What is wrong is named before anything is computed, with the exit status of its kind."""

from __future__ import annotations

import shutil

import pytest

from tests.pipeline.runs import flow_runs
from tests.pipeline.workspace import BASE, Workspace

pytestmark = pytest.mark.line


def test_a_missing_base_is_named(workspace: Workspace) -> None:
    """Exit status 4, with the base, its folder and the command that helps."""
    shutil.rmtree(workspace.root / "models" / BASE)

    done = workspace.release()

    assert done.returncode == 4
    assert f"models/{BASE}" in done.stderr
    assert f"expert-cli base build {BASE}" in done.stderr
    assert len(flow_runs(workspace)) == 1


def test_a_base_with_another_fingerprint_is_named(workspace: Workspace) -> None:
    """Exit status 4, with the fingerprint that is pinned and the one that was found."""
    pinned = "0" * 64
    config = workspace.root / f"configs/base_models/{BASE}.yaml"
    config.write_text(config.read_text().replace("fingerprint: null", f"fingerprint: '{pinned}'"))

    done = workspace.release()

    assert done.returncode == 4
    assert f"expected fingerprint {pinned}" in done.stderr
    assert len(flow_runs(workspace)) == 1


def test_every_wrong_setting_is_named_at_once(workspace: Workspace) -> None:
    """Exit status 11, each with its place and the nearest known key; a wrong ``experts`` too, which DVC reads."""
    workspace.override({"expert-sql": {"train": {"max_step": 5}}, "expert-json": {"evaluate": {"max_p": 7}}})

    done = workspace.release()

    assert done.returncode == 11
    assert "max_steps" in done.stderr
    assert "max_p" in done.stderr


def test_a_folder_without_the_project_is_refused(workspace: Workspace) -> None:
    """One line says where the line has to be started."""
    (workspace.root / "dvc.yaml").unlink()

    done = workspace.release()

    assert done.returncode == 1
    assert "dvc.yaml" in done.stderr
    assert "Traceback" not in done.stderr
