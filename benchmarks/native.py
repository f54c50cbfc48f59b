"""An adapter trained with few components from the start, as a rival to one that is cut: kept in build/bench/native.

Everything but rank, alpha and learning rate is as in the recipe: alpha falls with the rank, so that the scale stays
what it is; of the rates, whoever compares takes the one that is best on dev.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.training import NOBODY
from expertkit import bases, layout
from expertkit.adapters import Lora
from expertkit.errors import ExpertError
from expertkit.files import canonical_json, read_json, replace_folder, sha256_bytes
from expertkit.packages.weights import read_adapter, write_adapter
from expertkit.recipes import Recipe, TrainConfig
from expertkit.runtime.loading import load_base, load_tokenizer
from expertkit.training.adapter import train_adapter
from expertkit.training.stage import read_plan

KEPT = Path("build/bench/native")
RATES = (1.0, 3.0)
"""Learning rates, as multiples of the recipe's: fewer components bear larger steps."""


def trained_at(recipe: Recipe, rank: int, *, rate: float, project: Path) -> Lora:
    """The adapter of a recipe trained at another rank and a multiple of its rate, or the one that was before.

    Raises:
        ExpertError: it is no LoRA, or cannot be trained.
    """
    train = _at_rank(recipe, rank, rate)
    base, fingerprint = bases.require(recipe.base_model, project)
    data = project / layout.DATA / recipe.expert
    about = [recipe.to_json()["train"], rank, rate, read_json(data / layout.SUMMARY)["digest"], fingerprint]
    folder = KEPT / f"{recipe.key}-rank{rank}-rate{rate:g}-{sha256_bytes(canonical_json(about))[:12]}"
    if not folder.is_dir():
        plan = read_plan(data, replace(recipe, train=train), load_tokenizer(base))
        model, tokenizer = load_base(base)
        checkpoints = KEPT / f".{folder.name}.checkpoints"
        adapter, _curve = train_adapter(model, tokenizer, plan, train, checkpoints=checkpoints, listener=NOBODY)
        with replace_folder(folder) as new:
            write_adapter(new, adapter, base=recipe.base)
    found = read_adapter(folder, hint="python -m benchmarks scores")
    if not isinstance(found, Lora):
        raise ExpertError(f"{recipe.key}: expected a recipe of a LoRA, got one of {found.kind}")
    return found


def _at_rank(recipe: Recipe, rank: int, rate: float) -> TrainConfig:
    before, alpha = recipe.train.rank, recipe.train.alpha
    if before is None or alpha is None:
        raise ExpertError(f"{recipe.key}: expected a recipe of a LoRA, got one without a rank")
    if alpha * rank % before:
        raise ExpertError(f"{recipe.key}: expected an alpha of the same scale, got {alpha * rank / before}")
    learning_rate = recipe.train.learning_rate * rate
    return replace(recipe.train, rank=rank, alpha=alpha * rank // before, learning_rate=learning_rate)
