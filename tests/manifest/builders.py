"""Manifests made in code."""

from __future__ import annotations

from typing import Any


def raw_base(name: str = "tiny", **changes: Any) -> dict[str, Any]:
    """One entry of ``base_models``."""
    adapter = {"type": "lora", "target_modules": ["q_proj", "v_proj"], "r": 2, "alpha": 4}
    return {"name": name, "prompt_template": "chatml", "adapters": [adapter], **changes}


def raw_manifest(name: str = "expert-sql", **changes: Any) -> dict[str, Any]:
    """The smallest manifest that is valid, with top-level keys changed or added."""
    dataset = {"path": f"build/data/{name}", "type": "single", "format": "jsonl", "generation": {"domain": "sql"}}
    return {
        "name": name,
        "version": "1.0.0",
        "schema_version": "2.0",
        "description": "Writes queries.",
        "base_models": [raw_base()],
        "capabilities": ["language:sql"],
        "constraints": {"load_order": 3, "incompatible_with": [], "requires": []},
        "perf": {"latency_ms_overhead": 1.5, "vram_mb_overhead": 2, "supported_batch_sizes": [1]},
        "training": {"dataset": dataset, "config": {"adapter_type": "lora"}},
        "evaluation": {"test_cases": "tests/test_cases.json", "grader": "sql"},
        "license": "MIT",
        **changes,
    }


def without(manifest: dict[str, Any], key: str) -> dict[str, Any]:
    """The manifest without a top-level key."""
    return {name: value for name, value in manifest.items() if name != key}
