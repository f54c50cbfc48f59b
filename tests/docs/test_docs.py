"""The documents are true of the code, and help comes at once."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.docs.check import problems, typed_commands
from tests.docs.commands import contexts
from tests.docs.make import PAGES, ROOT

PROGRAMS = Path(sys.executable).parent
HEAVY = ("dvc", "matplotlib", "mlflow", "numpy", "peft", "prefect", "scipy", "torch", "transformers")
LONGEST_S = 0.3
_ASK_ALL = f"""
import contextlib, io, json, sys
from expertkit.cli.main import main
found = {{}}
for words in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.suppress(SystemExit):
        main([*words, "--help"], prog_name="expert-cli")
    found[" ".join(words)] = [text.getvalue(), sorted(set(sys.modules) & set({HEAVY}))]
print(json.dumps(found))
"""
"""Asks each command for help, in one process of its own, and tells which heavy modules are there after it."""


def test_the_documents_are_true_of_the_code() -> None:
    """The page of commands is current, links lead somewhere, the README is short and its commands exist."""
    found = problems(ROOT)

    assert found == []


@pytest.mark.parametrize(
    ("readme", "told"),
    [
        ("line\n" * 121, "README.md: expected at most 120 lines, got 121"),
        ("[a](docs/no.md)", "README.md: docs/no.md: expected a file, got no such file"),
        ("[a](docs/cli.md#no)", "README.md: docs/cli.md#no: expected a heading, got no such heading"),
        ("```sh\nmake rum\n```", "README.md: make rum: expected something that exists, got 'rum'"),
        (
            "```sh\nexpert-cli base bild x\n```",
            "README.md: expert-cli base bild x: expected something that exists, got 'bild'",
        ),
        (
            "```console\n$ A=1 expert-cli recipes --jsn  # why\n```",
            "README.md: expert-cli recipes --jsn: expected something that exists, got '--jsn'",
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, readme: str, told: str) -> None:
    """Each kind of fault is found, alone, in a project that has no other."""
    make_documents(tmp_path, readme=readme)

    found = problems(tmp_path)

    assert found == [told]


def test_a_stale_page_of_commands_is_told(tmp_path: Path) -> None:
    """A page that says something else than the commands do has to be made again."""
    make_documents(tmp_path, readme="[a](#a)\n# A\n```sh\nfor x in a; do make run; done && ls\n```\n")
    (tmp_path / "docs/cli.md").write_text((tmp_path / "docs/cli.md").read_text().replace("--json", "--yaml", 1))

    found = problems(tmp_path)

    assert len(found) == 1
    assert found[0].startswith("docs/cli.md: ")


def test_the_example_in_the_readme_prints_what_it_shows() -> None:
    """Every command of a console block whose output is shown gives that output here, and no warning beside it."""
    blocks = re.findall(r"^```console\n(.*?)^```$", readme(), flags=re.MULTILINE | re.DOTALL)
    parts = [part.partition("\n") for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    shown = {command: output for command, _, output in parts if output}

    printed = {
        command: run(*shlex.split(command, comments=True), stderr=subprocess.STDOUT) for command in shown
    }  # fmt: skip

    assert shown
    assert printed == shown


def test_the_readme_types_every_stage() -> None:
    """Whoever goes by hand finds each command of the release line in a block to copy."""
    typed = {words[1] for words in typed_commands(readme()) if words[0] == "expert-cli"}

    line = {
        "keygen",
        "base",
        "recipes",
        "data",
        "train",
        "search",
        "decompose",
        "evaluate",
        "package",
        "sign",
        "replay",
        "release",
    }

    assert line <= typed


def test_help_is_quick() -> None:
    """The whole process, from its start to its end, takes at most 0.3 s; the best of five tries counts."""
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        run("expert-cli", "--help")
        taken.append(time.perf_counter() - begun)

    assert min(taken) <= LONGEST_S


def test_help_imports_nothing_heavy_and_is_on_the_page() -> None:
    """No command needs a heavy module to explain itself, and docs/cli.md has each explanation word for word."""
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    asked = [context.command_path.split()[1:] for context in contexts()]

    answers = json.loads(run(sys.executable, "-c", _ASK_ALL, stdin=json.dumps(asked)))

    assert len(answers) == len(asked) > 12
    assert {command: heavy for command, (_, heavy) in answers.items() if heavy} == {}
    assert [command for command, (said, _) in answers.items() if f"```text\n{said}```" not in page] == []


def make_documents(root: Path, *, readme: str) -> None:
    """A project of a few documents that are in order, but for the README."""
    (root / "docs/schema").mkdir(parents=True)
    for page, render in PAGES.items():
        (root / page).write_text(render(), encoding="utf-8")
    for linked in ("docs/evaluation.md", "docs/manifest.md", "docs/nightly.md"):
        (root / linked).write_text("", encoding="utf-8")
    (root / "Makefile").write_text("BIN := bin\n\nrun: setup\n\t@true\n", encoding="utf-8")
    (root / "README.md").write_text(readme, encoding="utf-8")


def readme() -> str:
    """The project's own."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def run(*command: str, stdin: str = "", stderr: int = subprocess.PIPE) -> str:
    """What a command prints in the project's root, with this Python's programs found first."""
    environment = {**os.environ, "COLUMNS": "80", "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, input=stdin, stdout=subprocess.PIPE, stderr=stderr, text=True, check=True
    ).stdout
