"""What the line cannot do, or has no use for, is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from expertkit.errors import ManifestError
from expertkit.recipes import resolve
from tests.recipes.builders import make_project

BASE = "/base_models/0"
ADAPTER = f"{BASE}/adapters/0"
UNUSED: list[tuple[str, Any]] = [
    (f"{BASE}/prompt_template", "vicuna"), (f"{BASE}/quantization", "int4"), (f"{BASE}/rope_scaling", "dynamic"),
    (f"{BASE}/sha256", "a" * 64), (f"{ADAPTER}/type", "lokr"), (f"{ADAPTER}/scaling", "dora"),
    (f"{ADAPTER}/use_dora", True), (f"{ADAPTER}/path", "elsewhere"), (f"{ADAPTER}/sha256", "a" * 64),
    ("/training/dataset/type", "multi_task"),
    ("/training/dataset/format", "csv"), ("/training/dataset/generation/count", 5),
    ("/training/dataset/generation/provider", "x"), ("/training/dataset/streaming", True),
    ("/training/dataset/field_mapping", {"text": "question"}), ("/training/config/torch_compile", True),
    ("/training/config/use_unsloth", True), ("/training/config/adapter_type", "adalora"),
    ("/training/packaging_checkpoint", "checkpoint-5"), ("/training/trained_on", "2026-01-01"),
    ("/training/quality_score", 0.9), ("/quality_metrics", {"benchmark_score": 1.0}),
    ("/integrity", {"algorithm": "sha256", "files": {}}), ("/evaluation/grader", "by eye"),
    ("/soft_prompts", [{"name": "a", "path": "README.md", "tokens": 8}]),
]  # fmt: skip


@pytest.mark.parametrize(("pointer", "value"), UNUSED, ids=[pointer for pointer, _ in UNUSED])
def test_what_a_manifest_asks_for_in_vain_is_told(tmp_path: Path, pointer: str, value: Any) -> None:
    """A setting that is left out in silence would be believed."""
    path = make_project(tmp_path) / "experts/expert-sql/manifest.json"
    raw = json.loads(path.read_text())
    *keys, last = pointer.strip("/").split("/")
    inside = raw
    for key in keys:
        inside = inside[int(key) if isinstance(inside, list) else key]
    inside[last] = value
    path.write_text(json.dumps(raw))

    with pytest.raises(ManifestError) as refusal:
        resolve(tmp_path)

    assert [problem.place for problem in refusal.value.problems] == [pointer]
