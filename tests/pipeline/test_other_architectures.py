"""The line knows nothing of one architecture: tiny, random bases of others go through all of it."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from transformers import AutoTokenizer, Gemma2Config, Gemma2ForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from expertkit.cli.main import main
from tests.packages.builders import MANIFEST, RECIPE, put

RECIPES = replace(
    RECIPE,
    data=replace(RECIPE.data, train=60, dev=5, test=10, unseen=5),
    train=replace(RECIPE.train, max_seq_length=512, batch_size=4, learning_rate=1e-2, save_steps=3),
    decompose=replace(RECIPE.decompose, dtype="float32"),
    evaluate=replace(RECIPE.evaluate, min_accuracy=0.0, max_p=1.0, max_forgetting=100.0, max_new_tokens=8),
)

SIZES: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 512,
}  # fmt: skip


def gemma(vocabulary: int) -> PreTrainedModel:
    """Norms around each block, scaled embeddings, windows of attention, capped logits."""
    return Gemma2ForCausalLM(Gemma2Config(**SIZES, vocab_size=vocabulary, sliding_window=64))


def llama(vocabulary: int) -> PreTrainedModel:
    """No norms of queries and keys, embeddings of its own for the output."""
    return LlamaForCausalLM(LlamaConfig(**SIZES, vocab_size=vocabulary, tie_word_embeddings=False))


def run(command: str) -> Any:
    """What ``expert-cli <command> --json`` prints; it must succeed."""
    done = CliRunner().invoke(main, [*shlex.split(command), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("make", [gemma, llama])
@pytest.mark.parametrize("kind", ["lora", "dora", "ia3", "prompt"])
def test_another_architecture_goes_through_the_line(
    nano_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any, kind: str
) -> None:
    """Trained, decomposed, evaluated, packed, signed and verified, as every kind of adapter."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXPERTKIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EXPERTKIT_KEY", raising=False)
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(nano_base)
    make(len(tokenizer)).save_pretrained("models/nano")
    tokenizer.save_pretrained("models/nano")
    put(Path("experts/expert-mini/manifest.json"), MANIFEST)
    put(Path("experts/expert-mini/tests/test_cases.json"), [])
    put(Path("experts/expert-mini/grammar.gbnf"), b'root ::= "SELECT"\n')
    put(Path("configs/training/mini.yaml"), b"")
    put(Path("constraints.txt"), b"")
    train = RECIPES.train
    if kind == "ia3":
        train = replace(train, rank=None, alpha=None, dropout=0.0, feedforward_modules=("down_proj",))
    if kind == "prompt":
        train = replace(
            train, rank=None, alpha=None, dropout=0.0, target_modules=None, prompt_tokens=8, prompt_init="vocab_sample"
        )
    recipe = replace(RECIPES, train=replace(train, adapter_type=kind))  # type: ignore[arg-type]
    put(Path("build/recipes/expert-mini-nano.json"), recipe.to_json())
    put(Path("build/recipes/expert-mini.json"), recipe.data_recipe().to_json())

    run("data build --expert expert-mini")
    pair = "--expert expert-mini --base nano"
    for command in ("train", "decompose", "evaluate", "package"):
        run(f"{command} {pair}")
    run("keygen --ensure")
    signed = run(f"sign {pair}")["path"]
    assert run(f"replay {pair}")["items"] == RECIPES.data.test

    facts = run(f"inspect {signed}")
    assert facts["bases"][0]["adapters"][0].startswith(kind)
    assert run(f"verify {signed}")["valid"]
