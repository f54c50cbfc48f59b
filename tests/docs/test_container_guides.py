"""The guides about containers do what they say, and every trouble that they list is one that the program tells."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from expertkit.recipes import resolve
from tests.docs.guide_project import environment, make_project, make_signer
from tests.docs.guide_troubles import NAME, told
from tests.docs.guides import blocks, follow, matches, pattern, unrun
from tests.docs.make import ROOT
from tests.packages.test_legacy import files, make

FORMS = {"containers": "binary", "migration": "archive", "performance": "binary"}
"""The pages in docs/, and the form of the packages in the project that they are followed in."""
EXAMPLE = ROOT / "examples/containers/README.md"
THEIRS = Path("downloads/theirs.expert")


def page(name: str) -> Path:
    """A page of docs/."""
    return ROOT / f"docs/{name}.md"


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A project for each form, by one publisher, with a package of another program in each."""
    side = tmp_path_factory.mktemp("side")
    signer = make_signer(side)
    made = {form: make_project(side / form, form=form, signer=signer) for form in ("binary", "archive")}
    package = make(side, files())
    for project in made.values():
        (project / THEIRS).parent.mkdir()
        shutil.copyfile(package, project / THEIRS)
    return made


@pytest.mark.parametrize("path", [*map(page, FORMS), EXAMPLE], ids=lambda path: path.parent.name + "-" + path.stem)
def test_every_block_is_run_or_says_why_not(path: Path) -> None:
    """Nothing that looks like a command or a program is on a page untried."""
    text = path.read_text(encoding="utf-8")

    assert list(unrun(text)) == []
    assert any(block.reason is None for block in blocks(text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```sh\nls\n```\n", "line 1: expected console, python, yaml or a reason, got 'sh'"),
        ("\n```\nls\n```\n", "line 2: expected console, python, yaml or a reason, got 'nothing'"),
        ("```text\nls\n```\n", "line 1: expected console, python, yaml or a reason, got 'text'"),
        ("```python\n1\n```\na\n```text\n1\n```\n", "line 5: expected console, python, yaml or a reason, got 'text'"),
        ("```console\nls\n```\n", "line 1: expected a command first, got output"),
        ("  ```console\n  $ ls\n  ```\n", "expected every fence at the beginning of a line, in pairs"),
    ],
)  # fmt: skip
def test_a_block_that_nobody_runs_is_told(text: str, problem: str) -> None:
    """Each way to have one, with its line."""
    assert list(unrun(text)) == [problem]


def test_a_reason_is_enough() -> None:
    """What says why it is not run is left alone, and so is the output of a program."""
    text = "<!-- not run: trains -->\n```sh\nmake run\n```\n```python\nprint(1)\n```\n```text\n1\n```\n"

    assert list(unrun(text)) == []
    assert [(block.reason, block.shown) for block in blocks(text)] == [("trains", None), (None, "1\n")]


@pytest.mark.parametrize(
    ("shown", "printed", "is_equal"),
    [
        ("a\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("a...c\n", "abbc\n", True),
        ("a...c\n", "ab\nbc\n", False),
        ("a\n...\n", "a\nb\nc\n", True),
        ("...\na\n", "b\n", False),
    ],
)
def test_dots_stand_for_what_differs(shown: str, printed: str, *, is_equal: bool) -> None:
    """In a line for part of it, alone in one for any number of lines."""
    assert matches(shown, printed) is is_equal


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```console\n$ echo a\nb\n```\n", "guide.md:1: echo a: got\na\n"),
        ("```console\n$ echo a\n$ echo b; exit 3\n```\n", "guide.md:1: echo b; exit 3: exit status 3\nb\n"),
        ("\n```python\nprint('a')\n```\n```text\nb\n```\n", "guide.md:2: got\na\n"),
        ("```python\nprint('a')\n```\n", "guide.md:1: got\na\n"),
    ],
)
def test_a_page_that_says_otherwise_is_told(text: str, problem: str, tmp_path: Path) -> None:
    """Other output, a command that fails, and output that is not shown, with the block's line."""
    guide = tmp_path / "guide.md"
    guide.write_text(text)

    with pytest.raises(AssertionError) as refusal:
        follow(guide, tmp_path, environment=environment(tmp_path))

    assert str(refusal.value).startswith(problem)


@pytest.mark.parametrize(("name", "form"), FORMS.items(), ids=FORMS.keys())
def test_a_page_does_what_it_says(name: str, form: str, projects: Mapping[str, Path]) -> None:
    """From the first block to the last, in a project of its own, each printing what is shown."""
    project = _copy(projects[form], name)

    done = follow(page(name), project, environment=environment(project))

    assert done >= 5


@pytest.mark.parametrize("name", FORMS)
def test_settings_of_a_page_are_accepted(name: str, tmp_path: Path) -> None:
    """Each piece of params.yaml, put over the project's own, gives recipes."""
    (tmp_path / "experts").symlink_to(ROOT / "experts")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    own = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    text = page(name).read_text(encoding="utf-8")
    pieces = [yaml.safe_load(block.text) for block in blocks(text) if block.language == "yaml"]

    for piece in pieces:
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(_over(own, piece)))

        recipes = resolve(tmp_path)

        assert len(recipes) == len(own["experts"]) * len(own["bases"])
    assert pieces


def test_the_settings_that_are_shown_first_are_the_projects_own() -> None:
    """What the guide says that params.yaml has, it has."""
    own = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    text = page("containers").read_text(encoding="utf-8")

    shown = next(yaml.safe_load(block.text) for block in blocks(text) if block.language == "yaml")

    assert _over(own, shown) == own


def test_every_trouble_on_the_page_is_one_that_is_told(
    projects: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row of the table is a message of the program, and each message that was provoked has its row."""
    project = _copy(projects["binary"], "troubled")
    monkeypatch.setenv("EXPERTKIT_HOME", str(project.with_name("home") / ".expertkit"))
    _, _, table = page("containers").read_text(encoding="utf-8").partition("## When something is wrong")
    rows = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)

    printed = list(told(project, archives=projects["archive"], theirs=project / THEIRS))

    found = {row: [text for text in printed if re.search(pattern(row), text)] for row in rows}
    assert len(rows) == len(re.findall(r"^\| `", table, re.MULTILINE)) > 20
    assert [row for row, texts in found.items() if not texts] == []
    assert [text for text in printed if not any(text in texts for texts in found.values())] == []


def test_the_examples_do_what_their_page_says(tmp_path: Path) -> None:
    """In a folder with nothing of the project but the examples and the golden files; it is all they leave files in."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "examples/containers", folder / "examples/containers")
    shutil.copytree(ROOT / "tests/golden", folder / "tests/golden")

    done = follow(folder / EXAMPLE.relative_to(ROOT), folder, environment=environment(folder))

    assert done >= 3
    assert {path.name for path in folder.iterdir()} == {"build", "examples", "tests"}


def test_an_example_compares_the_base(projects: Mapping[str, Path]) -> None:
    """With the base that the expert was made for, every layer is shown; with another one, none."""
    project = projects["binary"]
    command = f"{sys.executable} {EXAMPLE.parent}/stream_layers.py dist/{NAME} --key build/publisher.pub --base"

    fitting, other = (
        subprocess.run(
            [*command.split(), f"models/{base}"], cwd=project, capture_output=True, text=True, check=False
        )
        for base in ("qwen3-tiny", "qwen3-small")
    )  # fmt: skip

    assert fitting.returncode == 0, fitting.stderr
    assert re.findall(r"^layer (\d): 4 tensors", fitting.stdout, re.MULTILINE) == ["0", "1", "2"]
    assert other.returncode == 1
    assert "layer" not in other.stdout
    assert other.stderr.startswith("Error: models/qwen3-small: expected qwen3-tiny of fingerprint ")


def _copy(project: Path, name: str) -> Path:
    """A project of its own, and a home beside it: what one page has seen is nothing to another."""
    folder = project.with_name(name)
    shutil.copytree(project, folder / "project")
    shutil.copytree(project.with_name("home"), folder / "home")
    return folder / "project"


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Settings over settings."""
    changed = {
        key: _over(below.get(key) or {}, value) if isinstance(value, dict) else value for key, value in above.items()
    }
    return {**below, **changed}
