"""Small projects made in code: params.yaml, one named config, base models and experts."""

from __future__ import annotations

import json
from pathlib import Path

from tests.manifest.builders import raw_base, raw_manifest

PARAMS = """\
experts: [expert-sql, expert-json]
bases: [tiny, small]
defaults:
  data: {seed: 1, train: 20, dev: 4, test: 6, unseen: 0, max_bad_share: 0.01, similarity: 0.9}
  train: {config: lora}
  decompose: {dtype: float32}
  evaluate:
    {min_accuracy: 0.9, max_p: 0.001, margin: 0.02, max_forgetting: 0.5, shots: [0, 3], max_new_tokens: 50,
     batch_size: 10, threads: 1}
  package: {include_tests: false, format: archive, codec: auto, compression_level: 3, alignment: 64}
  sign: {valid_days: 30}
overrides: {}
"""

CONFIG = """\
rank: 2
alpha: 4
dropout: 0.0
target_modules: [q_proj, v_proj]
max_steps: 10
learning_rate: 1e-3
batch_size: 2
gradient_accumulation_steps: 1
warmup_steps: 0
lr_scheduler: cosine
weight_decay: 0
max_seq_length: 64
seed: 7
threads: 1
logging_steps: 5
save_steps: 5
"""


def make_project(folder: Path) -> Path:
    """A project of two experts and two bases that resolves."""
    write(folder / "params.yaml", PARAMS)
    write(folder / "configs/training/lora.yaml", CONFIG)
    for base in ("tiny", "small"):
        write(folder / f"configs/base_models/{base}.yaml", base_text(base))
    for expert, domain in (("expert-sql", "sql"), ("expert-json", "json")):
        write_expert(folder, expert, domain=domain)
    return folder


def base_text(name: str) -> str:
    """The description of a base model in a folder."""
    return f"name: {name}\nsource: {{path: models/{name}}}\nfingerprint: null\nbuild: {{}}\n"


def write_expert(folder: Path, expert: str, *, domain: str = "sql") -> None:
    """An expert's folder that has everything its manifest speaks of."""
    raw = raw_manifest(expert, base_models=[raw_base("tiny"), raw_base("small")])
    raw["training"]["dataset"]["generation"]["domain"] = domain
    raw["evaluation"]["grader"] = domain
    write(folder / "experts" / expert / "manifest.json", json.dumps(raw))
    for name in ("tests/test_cases.json", "README.md", "LICENSE", "grammar.gbnf"):
        write(folder / "experts" / expert / name, "[]")


def write(path: Path, text: str) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def edit(path: Path, old: str, new: str) -> None:
    """Replace a piece of a file that is there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")
