"""The README of a package: a model card made of what was measured and recorded, with the expert's own words in it.

Its head is the YAML that model hubs read. Equal facts give equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from expertkit.packages.report import Report

_SCORE = ".3f"
_COMPRESSED = (
    "The adapter is compressed, as `adapter_model.osd`. `expert-cli export --peft` writes it as PEFT loads it."
)


def card(manifest: Mapping[str, Any], base: str, *, own: str, report: Report, provenance: Mapping[str, Any]) -> bytes:
    """Content of README.md.

    Args:
        manifest: the packed manifest.
        base: its base model.
        own: the expert's own README, empty where there is none.
        report: how good the expert was.
        provenance: what it was made of.
    """
    sections = [
        "\n".join(_head(manifest, base)),
        (own or f"# {manifest['name']}\n\n{manifest['description']}").strip(),
        "\n".join(_release(manifest, base, report)),
        *([_COMPRESSED] if _is_compressed(manifest) else []),
        "\n".join(_origin(provenance)),
    ]
    return ("\n\n".join(sections) + "\n").encode()


def _head(manifest: Mapping[str, Any], base: str) -> Iterator[str]:
    tags = [tag for tag in manifest.get("tags", []) if isinstance(tag, str)]
    yield "---"
    yield f"license: {json.dumps(str(manifest['license']).lower())}"
    yield f"base_model: {json.dumps(base)}"
    yield f"library_name: {'expertkit' if _is_compressed(manifest) else 'peft'}"
    yield f"tags: {json.dumps([*tags, 'expert'], ensure_ascii=False)}"
    yield "---"


def _is_compressed(manifest: Mapping[str, Any]) -> bool:
    """Whether PEFT cannot load the adapter as it lies there."""
    (entry,) = manifest.get("base_models", [manifest])
    return any(adapter["type"] == "osd" for adapter in entry["adapters"])


def _release(manifest: Mapping[str, Any], base: str, report: Report) -> Iterator[str]:
    alone, expert, before = report.judged.base_score, report.judged.expert_score, report.previous
    yield f"## Version {manifest['version']} for {base}"
    yield ""
    named, scored = (f" version {before.version} |", f" {before.score:{_SCORE}} |") if before else ("", "")
    yield f"| | base alone |{named} expert |"
    yield f"|---|---|{'---|' if before else ''}---|"
    yield f"| right answers, {report.items} test items | {alone:{_SCORE}} |{scored} {expert:{_SCORE}} |"
    yield f"| names never seen in training | |{' |' if before else ''} {report.unseen_score:{_SCORE}} |"
    yield ""
    yield f"Paired test of the difference: p = {report.judged.p_value:.1e}. Every figure is in `evaluation.json`."


def _origin(provenance: Mapping[str, Any]) -> Iterator[str]:
    yield "## Where it comes from"
    yield ""
    yield "| what | SHA-256 |"
    yield "|---|---|"
    yield f"| base model `{provenance['base']['name']}` (fingerprint) | `{provenance['base']['fingerprint']}` |"
    yield f"| prompt template `{provenance['prompt']['template']}` | `{provenance['prompt']['hash']}` |"
    yield f"| data | `{provenance['data']}` |"
    yield f"| recipe (`recipe.json`) | `{provenance['recipe']}` |"
    yield f"| environment of the training | `{provenance['environment_fingerprint']}` |"
    for name, source in provenance["sources"].items():
        yield f"| `{name}` | `{source['digest']}` |"
    yield ""
    yield "Versions, threads and commits are in `provenance.json`."
