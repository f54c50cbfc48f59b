"""The example of a compressed expert, from its training to its report, as its page has it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from expertkit.files import read_json
from tests.docs.make import ROOT

PAGE = ROOT / "examples/osd/README.md"
KEY = "expert-json-qwen3-tiny"


def test_an_expert_is_trained_searched_and_compressed(tmp_path: Path) -> None:
    """Every block of the page is run, one after another, in the folder that its first line makes."""
    for name in ("configs", "experts", "models", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("weights", "qwen3-small"))
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    bin_ = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}

    printed = []
    for at, (language, text) in enumerate(blocks):
        command = ["bash", "-ec", text] if language == "sh" else [sys.executable, "-c", text]
        folder = tmp_path / "compressed" if at else tmp_path
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)

    project = tmp_path / "compressed"
    winner = read_json(project / f"build/search/{KEY}/winner.json")
    assert winner["point"] is not None
    assert f"{winner['why']}\n" in printed[0]
    assert "float16 takes" in printed[0]
    sizes = [int(size.replace(",", "")) for size in re.findall(r": ([\d,]+) bytes", printed[1])]
    assert sizes[0] <= 311_296 * 3 / 8
    assert sizes[1] <= 60_000
    assert (project / "experts/expert-json/weights/qwen3-tiny/adapter_model.osd").stat().st_size == sizes[2]
    assert "relative error" in printed[2]
