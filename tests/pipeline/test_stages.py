"""dvc.yaml against the sources: what a stage runs and what it depends on are the same."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipeline.workspace import PROJECT

SOURCES = Path("src/expertkit")
READERS = {"cli", "errors", "fields", "layout", "manifest", "progress", "recipes"}
"""They read settings, which are parameters of a stage, speak to people, or only say where files lie."""
WHOLE = {"package"}
"""A package tells which sources it was made from, so its stage depends on all of them."""


def _stages() -> dict[str, Any]:
    return dict(yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"])


@pytest.mark.parametrize("stage", sorted(set(_stages()) - WHOLE - {"base", "recipes"}))
def test_a_stage_depends_on_the_sources_it_runs(stage: str) -> None:
    """No source is forgotten, so nothing stale passes for current; none is added, so nothing runs in vain."""
    listed = {dep for dep in _stages()[stage]["deps"] if dep.startswith(str(SOURCES))}

    assert listed == {_dep(module) for module in _reached(f"expertkit.cli.{stage}", through=_is_worker)}


def test_a_new_expert_is_named_in_params_only() -> None:
    """No stage names an expert, so that one is added without touching dvc.yaml."""
    experts = yaml.safe_load((PROJECT / "params.yaml").read_text())["experts"]

    assert not [expert for expert in experts if expert in (PROJECT / "dvc.yaml").read_text()]


def _reached(module: str, *, through: Any) -> set[str]:
    """Every module of expertkit that ``module`` imports, at once or by way of another, ``through`` permitting."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        new = {name for name in _imports(waiting.pop()) if through(name)} - found
        found |= new
        waiting.extend(new)
    return found


def _imports(module: str) -> set[str]:
    """The modules that the source of ``module`` names, and the packages they lie in."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(_file(module).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    packages = {name[:end] for name in names for end, letter in enumerate(name) if letter == "."}
    return {name for name in names | packages if name.startswith("expertkit.") and _file(name).is_file()}


def _file(module: str) -> Path:
    path = PROJECT / "src" / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _is_worker(module: str) -> bool:
    return _part(module) not in READERS


def _part(module: str) -> str:
    return module.split(".")[1]


def _dep(module: str) -> str:
    path = SOURCES / _part(module)
    return str(path if (PROJECT / path).is_dir() else path.with_suffix(".py"))
