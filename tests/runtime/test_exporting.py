"""A package's expert for other programs: compared on its base first, and there only if it says the same."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from peft import PeftModel

from expertkit.errors import IntegrityError
from expertkit.packages.packaged import open_packaged
from expertkit.packages.weights import write_adapter
from expertkit.runtime import exporting
from expertkit.runtime.fidelity import ROUNDED, Fidelity
from expertkit.runtime.loading import load_base
from tests.cli.running import run, run_json
from tests.evaluation.test_replay import lora
from tests.packages.builders import WEIGHTS, judge, make_project, pack


@pytest.fixture(scope="module")
def made(nano_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a package for a base that can answer."""
    project = make_project(tmp_path_factory.mktemp("export") / "project")
    shutil.rmtree(project / "models/nano")
    shutil.copytree(nano_base, project / "models/nano")
    write_adapter(project / WEIGHTS, lora(), base="nano")
    judge(project)
    return pack(project)


@pytest.fixture
def package(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A copy of it, in a folder with its base."""
    shutil.copytree(made.parents[3] / "models", tmp_path / "models")
    shutil.copyfile(made, tmp_path / made.name)
    monkeypatch.chdir(tmp_path)
    return made.name


def test_merged_it_needs_no_adapter(package: str) -> None:
    """The base from where a project has it; the folder is a model like any other, and named like the package."""
    told = run_json(f"export {package} --merged --unsigned --output out")

    assert told["path"] == f"out/{package.removesuffix('.expert')}"
    assert told["fidelity"]["difference"] < ROUNDED
    model, _tokenizer = load_base(Path(told["path"]))
    before, after = (dict(each.named_parameters()) for each in (load_base(Path("models/nano"))[0], model))
    changed = {name.removesuffix(".weight") for name in before if not before[name].equal(after[name])}
    assert changed == set(lora().modules)
    assert (Path(told["path"]) / "LICENSE.adapter").read_bytes() == b"MIT\n"
    again = run(f"export {package} --merged --unsigned --output out", status=12)
    assert "expected no such folder yet" in again.stderr


def test_for_peft_it_is_compared_where_there_is_a_base(package: str) -> None:
    """PEFT loads what was written, and a person is told how near it comes."""
    shown = run(f"export {package} --peft --base-folder models/nano --unsigned --output out").stdout

    assert f"out/{package.removesuffix('.expert')}: adapter_model.safetensors of " in shown
    assert "the likeliest token is the same at " in shown
    PeftModel.from_pretrained(load_base(Path("models/nano"))[0], f"out/{package.removesuffix('.expert')}")


@pytest.mark.parametrize("option", ["--merged", "--peft"])
def test_what_says_something_else_is_not_there(package: str, option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is half-written."""

    def fail(*_args: Any, **_named: Any) -> Fidelity:
        raise IntegrityError("expected the adapter's logits")

    for name in ("check_merged", "check_exported"):
        monkeypatch.setattr(exporting, name, fail)

    told = run(f"export {package} {option} --base-folder models/nano --unsigned --output out", status=5)

    assert "expected the adapter's logits" in told.stderr
    assert list(Path("out").iterdir()) == []


@pytest.mark.parametrize("option", ["--merged", "--peft"])
def test_another_base_is_refused(package: str, option: str) -> None:
    """By its fingerprint."""
    (Path("models/nano") / "config.json").write_text("{}")

    run(f"export {package} {option} --base-folder models/nano --unsigned --output out", status=4)

    assert not Path("out").exists()


def test_another_package_than_was_checked_is_refused(package: str) -> None:
    """It may have been changed in between."""
    contents = open_packaged(Path(package)).checked.contents
    name, (size, _digest) = next(iter(contents.listed.items()))
    other = replace(contents, members={**contents.members, name: (size, "0" * 64)})

    with pytest.raises(IntegrityError, match="got another"):
        exporting.export_merged(Path(package), contents=other, output=Path("out"), base=None)
