"""MLflow's model registry mirrors what was promoted and what is in dist/, in a real store."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from expertkit.files import read_json
from expertkit.packages.releasing.promotion import plan_promotion, promote
from expertkit.packages.releasing.release import release
from tasks import registry, store
from tests.packages.builders import make_project, put, sign, verifier
from tests.packages.releasing.test_promotion import _release_again
from tests.recipes.builders import PARAMS

NAME = "expert-mini-nano"


@pytest.fixture
def project(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: one package of one expert in dist/, nothing promoted, an empty store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copyfile(empty_store, "mlflow.db")
    sign(make_project(tmp_path))
    release(tmp_path, verifier=verifier())
    put(tmp_path / "params.yaml", PARAMS.replace("expert-sql, expert-json", "expert-mini").encode())
    return tmp_path


def _promote(project: Path) -> None:
    promote(project, plan_promotion(project, (), verifier=verifier()))


def _seen() -> tuple[dict[str, str], Mapping[str, str]]:
    """The version of each content digest, and the aliases."""
    registry.mirror()
    versions = store.client().search_model_versions(f"name = '{NAME}'")
    found = {each.tags[registry.DIGEST]: each.version for each in versions}
    assert len(found) == len(versions)
    return found, store.client().get_registered_model(NAME).aliases


def test_what_is_released_is_a_version_of_its_own_and_registered_once(project: Path) -> None:
    """However often; the version says which package it is."""
    first, aliases = _seen()
    again, _ = _seen()

    (version,) = store.client().search_model_versions(f"name = '{NAME}'")
    (row,) = read_json(project / "dist/index.json")["releases"]
    assert first == again == {row["content_digest"]: version.version}
    assert aliases == {"challenger": version.version}
    assert (version.tags["version"], version.tags["verdict"], version.tags["file"]) == (
        "1.0.0",
        "accepted",
        row["file"],
    )
    assert len(version.tags["base_fingerprint"]) == 64


def test_aliases_move_by_promotion_and_by_the_gate_alone(project: Path) -> None:
    """The champion is what was promoted last, the challenger what is in dist/; a refused one is neither."""
    _promote(project)
    old, both = _seen()
    _release_again(project, version="1.1.0")
    new, apart = _seen()
    _promote(project)
    _, moved = _seen()
    put(project / "dist/index.json", {"releases": [{**_refused(project), "file": None}]})
    known, refused = _seen()

    (first,) = old.values()
    (second,) = {*new.values()} - {first}
    assert both == {"champion": first, "challenger": first}
    assert apart == {"champion": first, "challenger": second}
    assert moved == {"champion": second, "challenger": second}
    assert refused == {"champion": second}
    assert known == new


def _refused(project: Path) -> dict[str, object]:
    (row,) = read_json(project / "dist/index.json")["releases"]
    return {**row, "verdict": "refused"}


def test_models_of_others_are_left_alone(project: Path) -> None:
    """Also with the same aliases."""
    store.client().create_registered_model("theirs")
    version = store.client().create_model_version("theirs", source=project.as_uri()).version
    store.client().set_registered_model_alias("theirs", "champion", version)

    _seen()

    assert store.client().get_registered_model("theirs").aliases == {"champion": version}


@pytest.mark.usefixtures("project")
def test_a_registry_that_does_not_work_costs_a_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither a broken store nor a record that cannot be read stops a flow."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////dev/null/mlflow.db")
    registry.mirror()
    put(Path("releases/releases.json"), b"{")

    registry.mirror()

    said = capfd.readouterr().err
    assert "warning: what was released is missing in MLflow" in said
    assert "warning: MLflow's model registry stays as it was: releases/releases.json" in said
