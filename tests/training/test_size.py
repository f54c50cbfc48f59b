"""What is no adapter any more is refused before anything is trained; what is one is let through."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from peft import get_peft_model

from expertkit.bases import linear_shapes
from expertkit.errors import ConfigError, TrainingError
from expertkit.layout import MODELS
from expertkit.recipes import resolve
from expertkit.runtime.loading import load_base
from expertkit.training.arguments import peft_settings
from expertkit.training.size import check_size, count_weights
from tests.pipeline.workspace import PROJECT
from tests.recipes.builders import edit, make_project
from tests.training.kills import KINDS

ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
LAYERS = {
    f"model.layers.{layer}.{block}.{name}": shape
    for layer in range(2)
    for block, name, shape in (("self_attn", "q_proj", (64, 32)), ("mlp", "down_proj", (32, 96)))
}
BASE = {"model.embed_tokens": (1000, 32), **LAYERS}
"""42,240 weights in all."""
LORA = replace(KINDS["lora"], rank=8, target_modules=("q_proj", "down_proj"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "prompt"])
def test_the_size_is_known_before_the_training(nano_base: Path, kind: str) -> None:
    """As many weights are counted from the shapes as PEFT then makes."""
    config = replace(KINDS[kind], target_modules=ALL, rank_pattern={"layers.0.self_attn.q_proj": 2})
    config = replace(config, rank_pattern={}) if kind == "ia3" else config

    wrapped = get_peft_model(load_base(nano_base)[0], peft_settings(config))

    learnt = sum(each.numel() for each in wrapped.parameters() if each.requires_grad)
    assert count_weights(config, linear_shapes(nano_base)) == learnt > 0


def test_a_soft_prompt_has_a_row_for_each_token(nano_base: Path) -> None:
    """As wide as the base's hidden states."""
    width = load_base(nano_base)[0].config.hidden_size

    assert count_weights(KINDS["prompt"], linear_shapes(nano_base)) == 5 * width
    with pytest.raises(TrainingError, match=r"at most 21,120 weights .* got 21,152"):
        check_size(replace(KINDS["prompt"], prompt_tokens=661), BASE, base="mini")


def test_every_recipe_of_the_project_is_let_through() -> None:
    """What is released is small beside its base."""
    recipes = resolve(PROJECT)

    for recipe in recipes:
        check_size(recipe.train, linear_shapes(PROJECT / MODELS / recipe.base), base=recipe.base)

    assert recipes


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rank": 33}, "rank: expected at most 32 for q_proj, as its matrix in mini has no more, got 33"),
        ({"rank_pattern": {"layers.1.mlp.down_proj": 40}}, "expected at most 32 for down_proj, .* got 40"),
        ({"rank": 32, "max_adapter_share": 0.2}, "at most 8,448 weights .* 42,240 of mini, got 14,336"),
        ({"adapter_type": "dora", "max_adapter_share": 0.08}, "at most 3,379 weights .* got 3,776"),
    ],
)
def test_what_is_too_large_is_refused(changes: dict[str, object], told: str) -> None:
    """With what would be right, what came, and what helps."""
    with pytest.raises(TrainingError, match=told) as refusal:
        check_size(replace(LORA, **changes), BASE, base="mini")  # type: ignore[arg-type]

    assert refusal.value.exit_code == 10
    assert "target_modules" in str(refusal.value.hint)


def test_everything_is_told_at_once() -> None:
    """Each matrix that is too small for the rank, and the adapter as a whole."""
    with pytest.raises(TrainingError) as refusal:
        check_size(replace(LORA, rank=256), BASE, base="mini")

    assert len(refusal.value.lines) == 3


@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_what_just_fits_is_let_through(kind: str) -> None:
    """A rank as large as its matrix, and a share that is met exactly."""
    config = replace(LORA, adapter_type=kind, rank=32, max_adapter_share=1.0)  # type: ignore[arg-type]

    check_size(config, BASE, base="mini")

    share = count_weights(config, BASE) / sum(itertools.starmap(int.__mul__, BASE.values()))
    check_size(replace(config, max_adapter_share=share), BASE, base="mini")


@pytest.mark.parametrize("module", ["embed_tokens", "lm_head"])
def test_the_vocabulary_is_no_target(tmp_path: Path, module: str) -> None:
    """Training it whole is the way to an adapter of gigabytes; the settings say why they refuse it."""
    project = make_project(tmp_path)
    edit(project / "configs/training/lora.yaml", "[q_proj", f"[{module}, q_proj")

    with pytest.raises(ConfigError, match=f'got "{module}", the whole vocabulary, .* gigabytes'):
        resolve(project)
