"""``expert-cli validate`` checks a manifest, a folder or a package, and loads nothing heavy for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from expertkit.cli.main import main
from tests.recipes.builders import edit, make_project, write

SOFT_PROMPTS = '[{"name": "hello", "path": "soft/hello.safetensors", "tokens": 8}]'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that resolves, as the current folder."""
    monkeypatch.chdir(make_project(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["experts/expert-sql"], "folder"),
        (["experts/expert-sql/manifest.json"], "manifest"),
        (["--expert", "experts/expert-sql"], "folder"),
        (["--expert", "expert-sql"], "folder"),
        (["-e", "experts/expert-sql/"], "folder"),
        (["--manifest", "experts/expert-sql/manifest.json"], "manifest"),
        (["-m", "experts/expert-sql/manifest.json"], "manifest"),
    ],
)
def test_every_spelling_of_a_valid_expert_is_accepted(arguments: list[str], kind: str) -> None:
    """A path as argument or option, a folder, a manifest or a name."""
    result = CliRunner().invoke(main, ["validate", *arguments, "--json"])

    facts = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (facts["valid"], facts["kind"], facts["name"], facts["version"]) == (True, kind, "expert-sql", "1.0.0")
    assert facts["bases"] == ["tiny", "small"]


def test_the_line_for_people_says_what_was_checked(project: Path) -> None:
    """Name, version and bases on one line."""
    result = CliRunner().invoke(main, ["validate", str(project / "experts/expert-sql")])

    assert result.stdout == f"{project}/experts/expert-sql: valid, expert-sql 1.0.0 for tiny, small\n"


def test_problems_of_a_manifest_are_all_listed(project: Path) -> None:
    """Exit status 11 and one line each."""
    manifest = "experts/expert-sql/manifest.json"
    edit(project / manifest, '"license"', '"licence"')
    edit(project / manifest, '"version": "1.0.0"', '"version": "1"')

    result = CliRunner().invoke(main, ["validate", "experts/expert-sql", "--json"])

    assert (result.exit_code, result.stdout) == (11, "")
    assert result.stderr.splitlines() == [
        f"Error: {manifest}: /licence: expected a known key, got \"licence\", did you mean 'license'?",
        f"{manifest}: /version: expected a semantic version such as '1.0.0', got \"1\"",
    ]


def test_a_folder_without_what_its_manifest_names_is_refused(project: Path) -> None:
    """The folder is checked as a whole, the manifest alone is not."""
    (project / "experts/expert-sql/tests/test_cases.json").unlink()

    folder = CliRunner().invoke(main, ["validate", "experts/expert-sql"])
    manifest = CliRunner().invoke(main, ["validate", "experts/expert-sql/manifest.json"])

    assert (folder.exit_code, manifest.exit_code) == (11, 0)
    assert "/evaluation/test_cases: expected a file beside the manifest" in folder.stderr


@pytest.mark.parametrize(
    ("name", "text", "status"),
    [("broken.json", "{", 11), ("broken.expert", "no archive", 11), ("empty.expert", "", 11), ("list.json", "[]", 11)],
)
def test_broken_files_are_one_line_and_exit_status_11(project: Path, name: str, text: str, status: int) -> None:
    """What is no manifest and no package is malformed."""
    write(project / name, text)

    result = CliRunner().invoke(main, ["validate", name])

    assert (result.exit_code, result.stdout) == (status, "")
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("arguments", [[], ["nowhere"], ["experts/expert-sql", "--expert", "expert-json"]])
def test_a_wrong_use_is_exit_status_2(arguments: list[str]) -> None:
    """Exactly one path that exists is asked for."""
    result = CliRunner().invoke(main, ["validate", *arguments])

    assert (result.exit_code, result.stdout) == (2, "")


def test_nothing_heavy_is_imported(project: Path) -> None:
    """A manifest is checked in the time it takes to read it."""
    program = (
        "import sys; from expertkit.cli.main import main; main(['validate', 'expert-sql'], standalone_mode=False); "
        "print([name for name in ('torch', 'transformers', 'peft', 'numpy', 'huggingface_hub') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_a_compatible_reading_tells_its_warnings(project: Path) -> None:
    """On stderr for people, as a list with --json; a strict reading refuses the same file."""
    manifest = "experts/expert-sql/manifest.json"
    edit(project / manifest, '"license": "MIT"', '"invented": 1')

    strict = CliRunner().invoke(main, ["validate", manifest])
    shown = CliRunner().invoke(main, ["validate", manifest, "--compatible"])
    facts = json.loads(CliRunner().invoke(main, ["validate", manifest, "--compatible", "--json"]).stdout)

    assert (strict.exit_code, shown.exit_code) == (11, 0)
    assert f'Warning: {manifest}: /invented: expected a known key, got "invented"' in shown.stderr
    assert {warning["place"] for warning in facts["warnings"]} == {"/invented", "/license"}


def test_the_folder_of_somebody_else_needs_only_what_its_manifest_names(project: Path, tmp_path: Path) -> None:
    """What our line asks for beyond that is asked of our own experts alone; tests need not travel."""
    theirs = tmp_path / "downloads/another-name"
    write(theirs / "manifest.json", (project / "experts/expert-sql/manifest.json").read_text())
    edit(theirs / "manifest.json", '"license": "MIT"', f'"license": "MIT", "soft_prompts": {SOFT_PROMPTS}')
    write(theirs / "soft/hello.safetensors", "")

    strict = CliRunner().invoke(main, ["validate", str(theirs)])
    compatible = CliRunner().invoke(main, ["validate", str(theirs), "--compatible"])
    (theirs / "soft/hello.safetensors").unlink()
    without = CliRunner().invoke(main, ["validate", str(theirs), "--compatible"])

    assert (strict.exit_code, compatible.exit_code, without.exit_code) == (11, 0, 11)
    assert "expected README.md beside it" in strict.stderr
    assert "/evaluation/test_cases: expected a file beside the manifest" in strict.stderr
    assert "/evaluation/test_cases: expected a file beside the manifest" in compatible.stderr
    assert "/soft_prompts/0/path: expected a file beside the manifest" in without.stderr


def test_a_file_that_is_reached_by_a_link_out_of_the_folder_is_not_there(project: Path, tmp_path: Path) -> None:
    """A manifest's paths stay inside."""
    prompt = project / "experts/expert-sql/soft/hello.safetensors"
    edit(prompt.parents[1] / "manifest.json", '"license": "MIT"', f'"license": "MIT", "soft_prompts": {SOFT_PROMPTS}')
    write(tmp_path / "secret", "[]")
    prompt.parent.mkdir()
    prompt.symlink_to(tmp_path / "secret")

    done = CliRunner().invoke(main, ["validate", "expert-sql", "--compatible"])

    assert done.exit_code == 11
    assert "/soft_prompts/0/path: expected a file beside the manifest" in done.stderr
