"""A whole project in miniature: one expert, one base, every file that packing reads, made in code."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from expertkit import layout, osd
from expertkit.adapters.tensors import encode
from expertkit.files import dump_json, sha256_bytes
from expertkit.packages.decomposition import decompose_adapter
from expertkit.packages.making.build import build, prepare
from expertkit.packages.names import TENSORS
from expertkit.packages.signing.sign import Signer, sign_package
from expertkit.packages.weights import read_carrier, write_adapter, write_osd
from expertkit.packages.writing import Built
from expertkit.recipes import (
    BaseModel,
    DataConfig,
    DecomposeConfig,
    EvaluateConfig,
    PackageConfig,
    Recipe,
    SignConfig,
    TrainConfig,
)
from expertkit.signing import PublicKey
from expertkit.signing.keys import public_key
from expertkit.signing.trust import Verifier
from tests.adapters.builders import SHAPES, matrix, random_dora, random_lora

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)

RECIPE = Recipe(
    expert="expert-mini",
    version="1.0.0",
    base="nano",
    prompt_template="chatml",
    base_model=BaseModel(name="nano", path="models/nano", hub=None, revision=None, fingerprint=None),
    data=DataConfig(
        domain="sql", own=None, seed=1, train=20, dev=5, test=10, unseen=5, max_bad_share=0.01, similarity=0.9
    ),
    train=TrainConfig(
        adapter_type="lora", rank=4, alpha=8, dropout=0.05, target_modules=("q_proj", "down_proj"), max_steps=3,
        learning_rate=0.001, batch_size=2, gradient_accumulation_steps=1, warmup_steps=0, lr_scheduler="cosine",
        weight_decay=0.0, max_seq_length=64, seed=1, threads=1, logging_steps=1, save_steps=10,
    ),
    decompose=DecomposeConfig(dtype="bfloat16"),
    evaluate=EvaluateConfig(
        grader="sql", min_accuracy=0.9, max_p=0.001, margin=0.02, max_forgetting=0.5, shots=(0,), max_new_tokens=16,
        batch_size=10, threads=1,
    ),
    package=PackageConfig(include_tests=False, format="archive", codec="auto", compression_level=3, alignment=64),
    sign=SignConfig(valid_days=365),
)  # fmt: skip

SMALL = osd.Settings(rank=3, codec="int8", density=0.5)
"""How adapters are compressed here."""

WEIGHTS = layout.weights(RECIPE.expert, RECIPE.base)

MANIFEST: dict[str, Any] = {
    "_note": "free text",
    "name": "expert-mini",
    "version": "1.0.0",
    "schema_version": "2.0",
    "description": "Answers in SQL.",
    "base_models": [
        {
            "name": name,
            "prompt_template": "chatml",
            "adapters": [{"type": "lora", "target_modules": ["q_proj", "down_proj"], "r": 4, "alpha": 8}],
        }
        for name in ("nano", "other")
    ],
    "capabilities": ["language:sql"],
    "constraints": {"load_order": 3, "incompatible_with": [], "requires": []},
    "perf": {"latency_ms_overhead": 1.0, "vram_mb_overhead": 1, "supported_batch_sizes": [1]},
    "training": {
        "dataset": {
            "path": "build/data/expert-mini", "type": "single", "format": "jsonl", "generation": {"domain": "sql"},
        },
        "config": {},
        "decoding": {"use_grammar": True, "grammar_type": "gbnf", "grammar_file": "grammar.gbnf"},
    },
    "evaluation": {"test_cases": "tests/test_cases.json", "grader": "sql"},
    "license": "MIT",
}  # fmt: skip

TOKENIZER = {
    "version": "1.0",
    "model": {"type": "BPE", "vocab": {"b": 1, "a": 0, "ab": 2}, "merges": [["a", "b"]]},
    "added_tokens": [{"id": 3, "content": "<|im_end|>"}],
}
TOKENIZER_CONFIG = {"eos_token": "<|im_end|>", "pad_token": {"content": "<|pad|>"}, "unk_token": None}


def make_project(folder: Path, *, recipe: Recipe = RECIPE) -> Path:
    """A project in which the expert was trained, decomposed and accepted."""
    put(folder / "experts/expert-mini/manifest.json", MANIFEST)
    put(folder / "experts/expert-mini/README.md", b"# expert-mini\n")
    put(folder / "experts/expert-mini/LICENSE", b"MIT\n")
    put(folder / "experts/expert-mini/grammar.gbnf", b'root ::= "SELECT"\n')
    put(folder / "experts/expert-mini/tests/test_cases.json", [])
    put(folder / "models/nano/config.json", {"architectures": ["Qwen3ForCausalLM"]})
    weights = {f"{name}.weight": matrix(*shape) for name, shape in SHAPES.items()}
    put(folder / "models/nano/model.safetensors", encode(weights, "float32"))
    put(folder / "models/nano/tokenizer.json", TOKENIZER)
    put(folder / "models/nano/tokenizer_config.json", TOKENIZER_CONFIG)
    put(folder / "configs/training/mini.yaml", b"rank: 4\n")
    put(folder / "constraints.txt", b"numpy==2.4.6\n")
    put(folder / f"build/recipes/{recipe.key}.json", recipe.to_json())
    put(folder / "build/data/expert-mini/data.json", {"digest": "d" * 64})
    train(folder, recipe)
    decompose_adapter(folder, recipe)
    judge(folder, recipe=recipe)
    return folder


def train(folder: Path, recipe: Recipe = RECIPE, *, seed: int = 1) -> None:
    """What stage ``train`` leaves, with a random adapter."""
    target = folder / "build/train" / recipe.key
    put(target / "training_args.json", {"max_steps": 3})
    put(target / "environment.json", {"torch": "2.13.0", "threads": 1})
    write_adapter(target, random_lora(seed), base=recipe.base)


def compress(folder: Path, recipe: Recipe = RECIPE, *, settings: osd.Settings = SMALL, is_dora: bool = False) -> bytes:
    """An OSD file in place of the shipped adapter, and accepted; give its bytes."""
    weights = folder / layout.weights(recipe.expert, recipe.base)
    small = osd.compress(osd.sources(random_dora() if is_dora else random_lora()), settings)
    (weights / TENSORS).unlink(missing_ok=True)
    write_osd(weights, small.data, base=recipe.base)
    judge(folder, recipe=recipe)
    return small.data


def judge(folder: Path, *, recipe: Recipe = RECIPE, **changed: Any) -> None:
    """What stage ``evaluate`` leaves: an accepted expert, but for what is ``changed``."""
    _name, carrier = read_carrier(folder / layout.weights(recipe.expert, recipe.base), hint="")
    metrics = {
        "expert": recipe.expert, "base": recipe.base, "version": recipe.version,
        "adapter_digest": sha256_bytes(carrier), "metric": "rows", "items": 10,
        "base_score": 0.0, "expert_score": 0.9, "p_value": 1e-9, "unseen": {"expert_score": 0.5},
        "prompt": {"template": "chatml", "hash": "e" * 64, "shots": 0},
        "verdict": "accepted", "reasons": [],
    }  # fmt: skip
    put(folder / "build/evaluate" / recipe.key / "metrics.json", {**metrics, **changed})


def put(path: Path, value: object) -> None:
    """Write bytes as they are, anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(value if isinstance(value, bytes) else dump_json(value))


def pack(project: Path, recipe: Recipe = RECIPE) -> Path:
    """The path of the built package."""
    built = build(prepare(project, recipe))
    assert isinstance(built, Built)
    return built.path


def make_signer(home: Path, *, seed: int = 1, at: datetime = NOW, valid_days: int = 365) -> Signer:
    """A signer with a key that follows from ``seed`` and a ledger in ``home``."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    public = public_key(private, publisher="mini publisher")
    return Signer(private=private, public=public, ledger=home / "ledger.json", at=at, valid_days=valid_days)


def publisher(seed: int = 1) -> PublicKey:
    """The public key of ``make_signer``."""
    return make_signer(Path(), seed=seed).public


def verifier(seed: int = 1, *, at: datetime = NOW) -> Verifier:
    """Somebody who trusts the key of ``make_signer`` and nobody else."""
    return Verifier.of_key(publisher(seed), at=at)


def sign(project: Path, recipe: Recipe = RECIPE) -> Path:
    """The path of the signed package; what is not yet packed is packed."""
    if not (project / layout.PACKAGES / recipe.key).exists():
        pack(project, recipe)
    signed = sign_package(project, recipe, signer=make_signer(project / "home"))
    assert isinstance(signed, Built)
    return signed.path


def other_base(recipe: Recipe = RECIPE) -> Recipe:
    """The same expert for the second base of its manifest, which lies in the same folder."""
    return replace(recipe, base="other", base_model=replace(recipe.base_model, name="other"))


def load(data: bytes) -> Any:
    """The JSON value of a member."""
    return json.loads(data)
