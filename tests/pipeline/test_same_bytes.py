"""Three ways to make a release, one result: the flow, DVC alone, and the commands typed by hand."""

from __future__ import annotations

import pytest

from tests.pipeline.conftest import Released
from tests.pipeline.workspace import BASE, EXPERTS, STAGES, Workspace

pytestmark = [pytest.mark.line, pytest.mark.slow]


def test_dvc_alone_gives_the_same_packages(released: Released, workspace: Workspace) -> None:
    """``dvc repro --force`` runs every stage again and comes to the same content."""
    workspace.must("dvc", "repro", "--force")

    assert workspace.digests() == released.workspace.digests()


def test_typed_commands_give_the_same_packages(released: Released, workspace: Workspace) -> None:
    """The commands of dvc.yaml, typed in their order, need neither DVC nor Prefect."""
    workspace.clean()

    workspace.must("expert-cli", "keygen", "--ensure")
    workspace.must("expert-cli", "recipes")
    for expert in EXPERTS:
        workspace.must("expert-cli", "data", "build", "--expert", expert)
        for stage in STAGES:
            workspace.must("expert-cli", stage, "--expert", expert, "--base", BASE)
    workspace.must("expert-cli", "release")

    assert workspace.digests() == released.workspace.digests()
