"""``expert-cli base`` builds embedded base models and says what identifies any."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from expertkit.bases import fingerprint, is_brought
from expertkit.cli.main import main
from expertkit.recipes.base_models import read_base_config
from tests.bases.builders import make_base
from tests.recipes.builders import base_text, edit, write

OTHER = "ab" * 32

NANO = """\
name: nano
source: {path: models/nano}
fingerprint: null
build:
  {seed: 1, vocabulary: 2000, tokenizer_seed: 1, domains: [sql, json], hidden_size: 16, intermediate_size: 16,
   layers: 1, heads: 1, steps: 2, batch_size: 2, learning_rate: 1e-3, max_positions: 128, threads: 1}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one described base model, as the current folder."""
    write(tmp_path / "configs/base_models/tiny.yaml", base_text("tiny"))
    write(tmp_path / "configs/base_models/nano.yaml", NANO)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_fingerprint_of_a_described_base_or_of_a_folder_is_printed(project: Path) -> None:
    """The bare digest for people, an object with --json."""
    wanted = fingerprint(make_base(project / "models/tiny"))

    named = CliRunner().invoke(main, ["base", "fingerprint", "tiny"])
    folder = CliRunner().invoke(main, ["base", "fingerprint", "models/tiny", "--json"])

    assert named.stdout == f"{wanted}\n"
    assert json.loads(folder.stdout) == {"base": "models/tiny", "fingerprint": wanted}


def test_a_changed_base_is_named_with_exit_status_4(project: Path) -> None:
    """What is pinned is compared whenever it is asked for."""
    found = fingerprint(make_base(project / "models/tiny"))
    edit(project / "configs/base_models/tiny.yaml", "fingerprint: null", f"fingerprint: {OTHER}")

    result = CliRunner().invoke(main, ["base", "fingerprint", "tiny", "--json"])

    assert (result.exit_code, result.stdout) == (4, "")
    assert f"base model 'tiny', models/tiny: expected fingerprint {OTHER}, got {found}" in result.stderr


@pytest.mark.usefixtures("project")
def test_a_missing_base_is_named_with_exit_status_4() -> None:
    """The command that makes it is named too."""
    result = CliRunner().invoke(main, ["base", "fingerprint", "tiny"])

    assert result.exit_code == 4
    assert "Hint: expert-cli base build tiny" in result.stderr


@pytest.mark.usefixtures("project")
def test_an_unknown_base_is_a_problem_with_the_nearest_name() -> None:
    """Exit status 11: the name was written wrong."""
    result = CliRunner().invoke(main, ["base", "build", "tinny"])

    assert result.exit_code == 11
    assert "did you mean 'tiny'?" in result.stderr


def test_only_described_settings_are_built(project: Path) -> None:
    """Unknown and missing settings of the builder are told before anything is trained."""
    edit(project / "configs/base_models/nano.yaml", "layers: 1", "layer: 1, depth: 2")
    edit(project / "configs/base_models/nano.yaml", "steps: 2", "steps: 0")

    result = CliRunner().invoke(main, ["base", "build", "nano"])

    assert result.exit_code == 11
    assert "configs/base_models/nano.yaml: build.layer: expected a known key" in result.stderr
    assert "configs/base_models/nano.yaml: build.depth: expected a known key" in result.stderr
    assert "configs/base_models/nano.yaml: build.steps: expected a whole number, at least 1, got 0" in result.stderr
    assert not (project / "models").exists()


def test_a_base_that_lies_elsewhere_is_brought_into_models(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The line looks for every base in models/, wherever it comes from."""
    elsewhere = make_base(tmp_path_factory.mktemp("elsewhere") / "tiny")
    edit(project / "configs/base_models/tiny.yaml", "build: {}\n", "")
    edit(project / "configs/base_models/tiny.yaml", "models/tiny", str(elsewhere))

    result = CliRunner().invoke(main, ["base", "build", "tiny"])

    assert result.exit_code == 0
    assert fingerprint(project / "models/tiny") == fingerprint(elsewhere)
    source = read_base_config(project, "tiny").source_model()
    assert is_brought(source, project / "models/tiny")
    assert not is_brought(replace(source, path="/another/place"), project / "models/tiny")


def test_a_base_that_is_its_own_source_is_not_replaced(project: Path) -> None:
    """There is nothing to bring, and what lies beside the model's files would be lost."""
    make_base(project / "models/tiny")
    (project / "models/tiny/README.md").write_text("kept")
    edit(project / "configs/base_models/tiny.yaml", "build: {}\n", "")

    result = CliRunner().invoke(main, ["base", "build", "tiny"])

    assert result.exit_code == 4
    assert "expected another source than its own place models/tiny" in result.stderr
    assert (project / "models/tiny/README.md").read_text() == "kept"


@pytest.mark.parametrize(
    ("torch", "reason"),
    [(None, "so settings or code have changed"), ("2.12.0", "which may round otherwise: torch 2.12.0, here ")],
)
def test_a_base_that_is_not_rebuilt_to_the_byte_says_why(project: Path, torch: str | None, reason: str) -> None:
    """The environment that built a base lies beside it, and is compared."""
    CliRunner().invoke(main, ["base", "build", "nano"])
    record = project / "models/nano/environment.json"
    environment = json.loads(record.read_text())
    if torch:
        write(record, json.dumps({**environment, "libraries": {**environment["libraries"], "torch": torch}}))
    edit(project / "configs/base_models/nano.yaml", "seed: 1, v", "seed: 2, v")

    refused = CliRunner().invoke(main, ["base", "build", "nano", "--verify"])

    assert refused.exit_code == 4
    assert f"base model 'nano': expected fingerprint {fingerprint(project / 'models/nano')}" in refused.stderr
    assert reason in refused.stderr
    assert fingerprint(project / ".work/bases/nano") in refused.stderr


def test_a_base_is_built_and_the_same_again(project: Path) -> None:
    """Settings and code decide every byte, and a build that is not the pinned one replaces nothing."""
    built = CliRunner().invoke(main, ["base", "build", "nano", "--json"])
    found = json.loads(built.stdout)["fingerprint"]
    verified = CliRunner().invoke(main, ["base", "build", "nano", "--verify"])
    edit(project / "configs/base_models/nano.yaml", "fingerprint: null", f"fingerprint: {OTHER}")
    refused = CliRunner().invoke(main, ["base", "build", "nano"])

    assert found == fingerprint(project / "models/nano")
    assert verified.stdout == f"nano: the same as in models/nano, fingerprint {found}\n"
    assert refused.exit_code == 4
    assert "Hint: what was made lies in .work/bases/nano; " in refused.stderr
    assert found == fingerprint(project / "models/nano") == fingerprint(project / ".work/bases/nano")
