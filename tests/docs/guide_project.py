"""What ``make run`` leaves, in miniature: an expert on two small bases, packed, signed and released, made in code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from expertkit import layout
from expertkit.adapters import Factors, Lora
from expertkit.adapters.dtypes import DType
from expertkit.adapters.tensors import encode
from expertkit.packages.decomposition import decompose_adapter
from expertkit.packages.releasing.release import release
from expertkit.packages.signing.local_root import LocalRoot, certify
from expertkit.packages.signing.sign import Signer, sign_package
from expertkit.packages.vouching.trust import TrustStore
from expertkit.packages.weights import write_adapter
from expertkit.recipes import DecomposeConfig, Recipe
from expertkit.signing import keys
from expertkit.signing.certificates.reading import to_pem
from expertkit.signing.trust import Verifier
from tests.manifest.builders import raw_base, raw_manifest
from tests.packages.builders import RECIPE, TOKENIZER, TOKENIZER_CONFIG, judge, pack, put, train

EXPERT = "expert-sql"
DTYPES: dict[str, DType] = {"qwen3-tiny": "float32", "qwen3-small": "bfloat16"}
"""The base models, and what the adapter for each is stored as."""

_PROGRAMS = Path(sys.executable).parent
_LAYERS, _HIDDEN, _INNER, _RANK = 3, 256, 512, 16
_MODULES = {
    f"model.layers.{layer}.{name}": shape
    for layer in range(_LAYERS)
    for name, shape in (("self_attn.q_proj", (_HIDDEN, _HIDDEN)), ("mlp.down_proj", (_HIDDEN, _INNER)))
}
"""Module path to (out_features, in_features) of both bases."""


def make_signer(side: Path) -> Signer:
    """The publisher of all projects in the folder ``side``, with a new key where whoever types there has it.

    A local root vouches for the key, and whoever types there trusts it, as ``keygen --ensure`` leaves it.
    """
    folder, at = side / "home/.expertkit", datetime.now(UTC)
    key = folder / "publisher.key"
    private = keys.create(key, publisher="local publisher", passphrase=None)
    public = keys.public_key(private, publisher="local publisher")
    chain, _ = certify(
        keys.certificates_path(key), public, private=lambda: private, root=LocalRoot(folder=folder / "local-root"),
        store=TrustStore(folder=folder / "trust"), at=at,
    )  # fmt: skip
    return Signer(
        private=private, public=public, ledger=folder / "ledger.json", at=at, valid_days=365, chain=chain
    )  # fmt: skip


def make_project(folder: Path, *, form: str, signer: Signer) -> Path:
    """A project whose expert was packed in a form, "binary" or "archive", signed and released into dist/."""
    _write_expert(folder)
    put(folder / layout.PUBLISHER, str(signer.public).encode())
    put(folder / layout.CERTIFICATES, to_pem(signer.chain))
    for seed, base in enumerate(DTYPES):
        recipe = _recipe(base, form=form)
        _write_base(folder / "models" / base, seed=seed)
        put(folder / f"build/recipes/{recipe.key}.json", recipe.to_json())
        train(folder, recipe)
        write_adapter(folder / layout.TRAIN / recipe.key, _adapter(seed), base=base)
        decompose_adapter(folder, recipe)
        judge(folder, recipe=recipe)
        pack(folder, recipe)
        sign_package(folder, recipe, signer=signer)
    release(folder, verifier=Verifier.of_key(signer.public, at=signer.at))
    return folder


def environment(folder: Path) -> Mapping[str, str]:
    """That of whoever types in a project: the programs of this Python first, and a home beside the project."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXPERTKIT_")}
    path = f"{_PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "COLUMNS": "80", "PATH": path, "HOME": str(folder.with_name("home"))}


def _recipe(base: str, *, form: str) -> Recipe:
    where = replace(RECIPE.base_model, name=base, path=f"models/{base}")
    package = replace(RECIPE.package, format=form)  # type: ignore[arg-type]
    return replace(
        RECIPE, expert=EXPERT, base=base, base_model=where, train=replace(RECIPE.train, rank=_RANK, alpha=_RANK),
        decompose=DecomposeConfig(dtype=DTYPES[base]), package=package,
    )  # fmt: skip


def _write_expert(folder: Path) -> None:
    adapter = {"type": "lora", "target_modules": ["q_proj", "down_proj"], "r": _RANK, "alpha": _RANK}
    manifest = raw_manifest(EXPERT, base_models=[raw_base(base, adapters=[adapter]) for base in DTYPES])
    put(folder / f"experts/{EXPERT}/manifest.json", manifest)
    put(folder / f"experts/{EXPERT}/README.md", b"# expert-sql\n")
    put(folder / f"experts/{EXPERT}/LICENSE", b"MIT\n")
    put(folder / f"experts/{EXPERT}/grammar.gbnf", b'root ::= "SELECT " [a-z]+ ";"\n' * 8)
    put(folder / f"build/data/{EXPERT}/data.json", {"digest": "d" * 64})
    put(folder / "configs/training/mini.yaml", b"rank: 16\n")
    put(folder / "constraints.txt", b"numpy==2.4.6\n")


def _write_base(folder: Path, *, seed: int) -> None:
    numbers = np.random.default_rng(seed)
    weights = {f"{name}.weight": _normal(numbers, *shape) for name, shape in _MODULES.items()}
    put(folder / "config.json", {"architectures": ["Qwen3ForCausalLM"]})
    put(folder / "model.safetensors", encode(weights, "float32"))
    put(folder / "tokenizer.json", TOKENIZER)
    put(folder / "tokenizer_config.json", TOKENIZER_CONFIG)


def _adapter(seed: int) -> Lora:
    numbers = np.random.default_rng(100 + seed)
    modules = {
        name: Factors(a=_normal(numbers, _RANK, width), b=_normal(numbers, out, _RANK))
        for name, (out, width) in _MODULES.items()
    }
    return Lora(rank=_RANK, alpha=_RANK, dropout=0.0, modules=modules, dtype="float32")


def _normal(numbers: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return numbers.standard_normal(shape).astype(np.float32)
