"""The guide to trust does what it says, and every refusal that it lists is one that the program tells."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.docs.guide_project import environment, make_project, make_signer
from tests.docs.guide_troubles import NAME
from tests.docs.guides import blocks, follow, pattern, unrun
from tests.docs.make import ROOT
from tests.docs.trust_troubles import told

GUIDE = ROOT / "docs/trust.md"


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A project for each form, packed, signed and released by one publisher."""
    side = tmp_path_factory.mktemp("side")
    signer = make_signer(side)
    return {form: make_project(side / form, form=form, signer=signer) for form in ("binary", "archive")}


def test_every_block_is_run_or_says_why_not() -> None:
    """Nothing that looks like a command or a program is on the page untried."""
    text = GUIDE.read_text(encoding="utf-8")

    assert list(unrun(text)) == []
    assert any(block.reason is None for block in blocks(text))


def test_the_guide_does_what_it_says(projects: Mapping[str, Path], tmp_path: Path) -> None:
    """From the first block to the last, by somebody who has packages, and no key yet."""
    project = tmp_path / "project"
    shutil.copytree(projects["binary"], project)
    _forget_the_publisher(project)
    project.with_name("home").mkdir()

    done = follow(GUIDE, project, environment=environment(project))

    assert done >= 15


def test_every_refusal_on_the_page_is_one_that_is_told(
    projects: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row of the table is a message of the program, and each message that was provoked has its row."""
    project = tmp_path / "project"
    shutil.copytree(projects["binary"], project)
    _, _, table = GUIDE.read_text(encoding="utf-8").partition("## When it is refused")
    rows = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)

    printed = told(project, archive=projects["archive"] / "dist" / NAME, patch=monkeypatch)

    found = {row: [text for text in printed if re.search(pattern(row), _joined(text))] for row in rows}
    assert len(rows) == len(re.findall(r"^\| `", table, re.MULTILINE)) > 30
    assert [row for row, texts in found.items() if not texts] == []
    assert [text for text in printed if not any(text in texts for texts in found.values())] == []


def _forget_the_publisher(project: Path) -> None:
    for path in ("dist", "build/signed"):
        shutil.rmtree(project / path)
    for path in ("build/publisher.pub", "build/publisher.crt"):
        (project / path).unlink()


def _joined(text: str) -> str:
    """A usage error is broken into lines at no place of its own."""
    return " ".join(text.split())
