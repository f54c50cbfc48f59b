"""Text made into rows of token ids, of which only the completion is learnt."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_WINDOW = 8  # batches among which rows change places
IGNORED = -100
"""The label that the loss leaves out."""

Row = dict[str, Any]
"""``input_ids`` and ``labels``, lists of equal length, and that ``length``."""


def encode_row(tokenizer: PreTrainedTokenizerBase, *, prompt: str, completion: str) -> Row:
    """One row: the prompt to read and the completion to learn."""
    read = tokenizer.encode(prompt, add_special_tokens=False) if prompt else []
    learnt = tokenizer.encode(completion, add_special_tokens=False)
    return {"input_ids": read + learnt, "labels": [IGNORED] * len(read) + learnt, "length": len(read) + len(learnt)}


def order_rows(rows: Sequence[Row], *, batch_size: int, batches: int, seed: int) -> list[Row]:
    """The rows of that many batches: shuffled anew for each pass, then those of similar length side by side.

    Lengths are sorted only within a few batches: sorted further, a batch would hold one form of question,
    and the last ones learnt would push out the others.
    """
    rng = random.Random(f"order {seed}")
    drawn: list[Row] = []
    while len(drawn) < batches * batch_size:
        drawn.extend(rng.sample(list(rows), k=len(rows)))
    return _level(drawn[: batches * batch_size], batch_size, rng)


def level_rows(rows: Sequence[Row], *, batch_size: int, seed: int) -> list[Row]:
    """The rows in nearly their order, those of similar length side by side."""
    return _level(rows, batch_size, random.Random(f"order {seed}"))


def _level(rows: Sequence[Row], batch_size: int, rng: random.Random) -> list[Row]:
    ordered: list[Row] = []
    for start in range(0, len(rows), _WINDOW * batch_size):
        block = sorted(rows[start : start + _WINDOW * batch_size], key=lambda row: len(row["input_ids"]))
        batches = [block[at : at + batch_size] for at in range(0, len(block), batch_size)]
        rng.shuffle(batches)
        ordered.extend(row for batch in batches for row in batch)
    return ordered


class Padding:
    """Makes a batch of rows: padded on the left, so that what is learnt stands together at the end."""

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor | int]:
        """``input_ids`` and ``attention_mask`` (rows, longest), ``labels`` (rows, ``logits_to_keep``), int64.

        Only the positions that predict a learnt token get logits: over a prompt they would be computed for nothing.
        """
        longest = max(len(row["input_ids"]) for row in rows)
        kept = min(longest, 1 + max(len(row["labels"]) - _first_learnt(row["labels"]) for row in rows))
        labels = _padded([row["labels"] for row in rows], longest, IGNORED)
        return {
            "input_ids": _padded([row["input_ids"] for row in rows], longest, self.pad_id),
            "attention_mask": _padded([[1] * len(row["input_ids"]) for row in rows], longest, 0),
            "labels": labels[:, longest - kept :],
            "logits_to_keep": kept,
        }


def _first_learnt(labels: Sequence[int]) -> int:
    return next((at for at, label in enumerate(labels) if label != IGNORED), len(labels))


def _padded(rows: Sequence[list[int]], longest: int, filler: int) -> torch.Tensor:
    return torch.tensor([[filler] * (longest - len(row)) + row for row in rows], dtype=torch.int64)
