"""The manifest inside a package: the expert's own, narrowed to one base and completed by what was made.

Keys that are there keep their place and everything unknown survives; new ones come last.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from expertkit import strict_json
from expertkit.adapters import Adapter, Ia3, Lora
from expertkit.files import sha256_bytes
from expertkit.manifest import Manifest
from expertkit.packages import carriers
from expertkit.packages.names import TRAINING_ARGS
from expertkit.packages.report import Report
from expertkit.recipes import Recipe


def describe(
    manifest: Manifest,
    recipe: Recipe,
    *,
    fingerprint: str,
    report: Report,
    adapter: Adapter,
    files: Mapping[str, bytes],
) -> dict[str, Any]:
    """The packed manifest without its integrity block.

    Args:
        manifest: the expert's own.
        recipe: how it was made for this base.
        fingerprint: of the base.
        report: how good it was.
        adapter: the packed one.
        files: the packed ones of the adapter.
    """
    raw: dict[str, Any] = copy.deepcopy(dict(manifest.raw))
    raw.pop("integrity", None)
    facts = _adapter_facts(adapter, files)
    if manifest.schema_version == "1.0":
        raw["base_model"] = {**raw["base_model"], "sha256": fingerprint}
        raw["adapters"] = [_completed(raw["adapters"][0], facts)]
    else:
        (entry,) = (entry for entry in raw["base_models"] if entry["name"] == recipe.base)
        adapters = [_completed(entry["adapters"][0], facts)]
        raw["base_models"] = [{**entry, "sha256": fingerprint, "adapters": adapters}]
    raw["training"]["config"] = {key: value for key, value in recipe.to_json()["train"].items() if value is not None}
    raw["quality_metrics"] = {**(raw.get("quality_metrics") or {}), **_quality(report, files[TRAINING_ARGS])}
    return raw


def integrity(members: Mapping[str, bytes]) -> dict[str, Any]:
    """The integrity block over ``members``, which are all but the manifest and the signature."""
    return {"algorithm": "sha256", "files": {name: sha256_bytes(members[name]) for name in sorted(members)}}


_OF_KINDS = frozenset({"r", "alpha", "dropout", "target_modules", "feedforward_modules", "tokens"})
"""What an adapter of one kind has, and one of another not."""


def _completed(entry: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest says of an adapter, with what is true of it."""
    return {key: value for key, value in {**entry, **facts}.items() if key in facts or key not in _OF_KINDS}


def _adapter_facts(adapter: Adapter, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What is true of the adapter as it is packed: its scale is folded in, so alpha is its (largest) rank."""
    carrier = carriers.find(files, file="adapter")
    stored = {"size_bytes": len(files[carrier]), "sha256": sha256_bytes(files[carrier])}
    own = _own_facts(adapter)
    if carriers.is_osd(carrier):
        return {"type": "osd", "target_modules": own["target_modules"], "r": own["r"], **stored}
    return {"type": adapter.kind, **own, **stored}


def _own_facts(adapter: Adapter) -> dict[str, Any]:
    """What only adapters of its kind have."""
    match adapter:
        case Lora():
            rank = adapter.largest_rank
            return {"target_modules": adapter.target_modules, "r": rank, "alpha": rank, "dropout": adapter.dropout}
        case Ia3():
            feedforward = list(adapter.feedforward_modules)
            return {"target_modules": adapter.target_modules, "feedforward_modules": feedforward}
        case _:
            return {"tokens": adapter.tokens}


def _quality(report: Report, told: bytes) -> dict[str, Any]:
    """Scores; the improvement is in points of 100, because the base's score may be zero."""
    judged = report.judged
    return {
        "benchmark_score": judged.expert_score,
        "base_model_score": judged.base_score,
        "improvement_percent": round(100 * (judged.expert_score - judged.base_score), 4),
        "p_value": judged.p_value,
        "unseen_score": report.unseen_score,
        "test_queries": report.items,
        "training_steps": strict_json.loads(told, file=TRAINING_ARGS)["max_steps"],
    }
