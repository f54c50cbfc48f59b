"""Training an adapter: the completion only, resumable to the byte, and honest when a checkpoint is broken."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from expertkit.adapters import describe, encode_tensors
from expertkit.adapters.tensors import decode
from expertkit.data.domain import domain
from expertkit.data.prompt import Turn, completion, render
from expertkit.data.templates import TEMPLATES
from expertkit.errors import TrainingError
from expertkit.recipes import TrainConfig
from expertkit.runtime.loading import load_base
from expertkit.runtime.soft_prompt import virtual_ids
from expertkit.training.adapter import Point, train_adapter
from expertkit.training.callback import Listener
from expertkit.training.plan import plan
from expertkit.training.rows import IGNORED, Row, encode_row

CONFIG = TrainConfig(
    adapter_type="lora",
    rank=4,
    alpha=8,
    dropout=0.1,
    target_modules=("q_proj", "v_proj", "down_proj"),
    max_steps=6,
    learning_rate=1e-3,
    batch_size=4,
    gradient_accumulation_steps=1,
    warmup_steps=2,
    lr_scheduler="cosine",
    weight_decay=0.0,
    max_seq_length=512,
    seed=1,
    threads=1,
    logging_steps=1,
    save_steps=2,
)

NOBODY = Listener(measure=lambda _step, _values: None, say=lambda _note: None)

KINDS = {
    "lora": CONFIG,
    "lora with stabilized ranks": replace(CONFIG, use_rslora=True, rank_pattern={"layers.0.self_attn.q_proj": 2}),
    "dora": replace(CONFIG, adapter_type="dora"),
    "ia3": replace(CONFIG, adapter_type="ia3", rank=None, alpha=None, dropout=0.0, feedforward_modules=("down_proj",)),
    "prompt": replace(
        CONFIG, adapter_type="prompt", rank=None, alpha=None, dropout=0.0, target_modules=None,
        prompt_tokens=5, prompt_init="vocab_sample",
    ),
}  # fmt: skip


def _train(base: Path, checkpoints: Path, config: TrainConfig = CONFIG) -> tuple[bytes, list[Point]]:
    model, tokenizer = load_base(base)
    rows = [
        _row(tokenizer, item, prefix=virtual_ids(config.prompt_tokens or 0))
        for item in domain("sql").generate("train", count=40, seed=1)
    ]
    adapter, curve = train_adapter(
        model, tokenizer, plan(rows, config, dev=rows[:4]), config, checkpoints=checkpoints, listener=NOBODY
    )
    return encode_tensors(adapter), curve


def _row(tokenizer: object, item: object, *, prefix: Sequence[int] = ()) -> Row:
    prompt = render(TEMPLATES["chatml"], Turn(question=item.question, context=item.context))  # type: ignore[attr-defined]
    answer = completion(TEMPLATES["chatml"], item.answer)  # type: ignore[attr-defined]
    return encode_row(tokenizer, prompt=prompt, completion=answer, prefix=prefix)  # type: ignore[arg-type]


def test_the_prompt_is_read_and_only_the_completion_learnt(nano_base: Path) -> None:
    """Labels are ignored up to the answer, and the end token is learnt."""
    _, tokenizer = load_base(nano_base)

    row = encode_row(tokenizer, prompt="count every invoice", completion="SELECT<|im_end|>")

    learnt = [label for label in row["labels"] if label != IGNORED]
    assert tokenizer.decode(learnt) == "SELECT<|im_end|>"
    assert row["input_ids"][-len(learnt) :] == learnt
    assert len(row["labels"]) == len(row["input_ids"]) == row["length"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stopped_at", [3, 4])
def test_a_resumed_training_gives_the_bytes_of_an_uninterrupted_one(
    nano_base: Path, tmp_path: Path, stopped_at: int, kind: str
) -> None:
    """With dropout on, so that the random state must come back too; the curve is whole as well."""
    config = replace(KINDS[kind], save_steps=stopped_at)
    whole, curve = _train(nano_base, tmp_path / "whole", config)
    shutil.copytree(tmp_path / "whole" / f"checkpoint-{stopped_at}", tmp_path / "part" / f"checkpoint-{stopped_at}")

    resumed, resumed_curve = _train(nano_base, tmp_path / "part", config)

    assert resumed == whole
    assert resumed_curve == curve
    assert [point.step for point in curve] == [1, 2, 3, 4, 5, 6]


def test_the_best_checkpoint_is_found_again(nano_base: Path, tmp_path: Path) -> None:
    """A training that was killed after its last step still takes the adapter with the least loss on dev."""
    config = replace(CONFIG, learning_rate=1.0, eval_steps=1, save_steps=1, load_best_model_at_end=True)
    best, curve = _train(nano_base, tmp_path, config)

    again, _ = _train(nano_base, tmp_path, config)
    last, _ = _train(nano_base, tmp_path / "last", replace(config, load_best_model_at_end=False))

    on_dev = [point.dev_loss for point in curve]
    assert on_dev.index(min(on_dev)) < len(on_dev) - 1  # type: ignore[type-var]
    assert again == best != last


def test_another_seed_gives_another_adapter(nano_base: Path, tmp_path: Path) -> None:
    """The seed of the recipe reaches initialisation and order."""
    first, _ = _train(nano_base, tmp_path / "one")
    second, _ = _train(nano_base, tmp_path / "two", replace(CONFIG, seed=2))

    assert first != second


def test_each_kind_learns_what_its_papers_say(nano_base: Path, tmp_path: Path) -> None:
    """LoRA two factors a module, of its own rank if given; DoRA a norm for each row; IA3 one factor; prompts rows."""
    found = {kind: describe(_shapes(_train(nano_base, tmp_path / kind, config)[0])) for kind, config in KINDS.items()}
    several = _shapes(_train(nano_base, tmp_path / "again", KINDS["lora with stabilized ranks"])[0])

    assert found == {
        "lora": "lora of rank 4 on down_proj, q_proj, v_proj",
        "lora with stabilized ranks": "lora of rank 4 on down_proj, q_proj, v_proj",
        "dora": "dora of rank 4 on down_proj, q_proj, v_proj",
        "ia3": "ia3 on down_proj, q_proj, v_proj",
        "prompt": "prompt of 5 tokens",
    }
    ranks = {name: shape[0] for name, shape in several.items() if name.endswith("q_proj.lora_A.weight")}
    assert sorted(ranks.values()) == [2, 4]


def test_a_pattern_that_fits_no_layer_is_refused(nano_base: Path, tmp_path: Path) -> None:
    """A rank that reaches no layer would be a setting without effect."""
    with pytest.raises(TrainingError, match=r"rank_pattern: expected .* layers\.9"):
        _train(nano_base, tmp_path, replace(CONFIG, rank_pattern={"layers.9.self_attn.q_proj": 2}))


def _shapes(tensors: bytes) -> dict[str, tuple[int, ...]]:
    return {name: values.shape for name, values in decode(tensors)[0].items()}
