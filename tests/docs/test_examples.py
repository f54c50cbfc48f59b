"""Every command of examples/ does what its page says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(page for page in (ROOT / "examples").rglob("*.md") if page.parent.name not in {"containers", "osd"})
"""All but those that leave files: test_container_guides.py and test_osd_example.py run them in folders of their own."""


def commands(page: Path) -> list[tuple[str, str]]:
    """The commands of a page's console blocks, each with the output that is shown, empty where none is."""
    blocks = re.findall(r"^ *```console\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    found: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), ""))
        else:
            command, shown = found[-1]
            found[-1] = (command, f"{shown}{line}\n")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_print_what_it_shows(page: Path) -> None:
    """Those without output are only run."""
    found = commands(page)

    assert found
    for command, shown in found:
        program, *arguments = shlex.split(command)
        path = Path(sys.executable).parent / program
        done = subprocess.run([path, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout
        assert shown in {"", done.stdout}


def test_the_example_is_the_result_of_its_own_steps() -> None:
    """Migrated, with a template, a second base and another version, the first manifest is the second."""
    from expertkit.files import read_json
    from expertkit.manifest import migrate

    folder = ROOT / "examples/multi-model-expert"
    raw = migrate(read_json(folder / "before/manifest.json"), file="manifest.json")
    (first,) = raw["base_models"]
    raw["base_models"] = [first, {**first, "name": "qwen3-1.7b"}]
    raw["version"] = "1.1.0"

    assert raw == read_json(folder / "after/manifest.json")
