"""Text made into rows of token ids, of which only the completion is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label that the loss leaves out."""

Row = dict[str, Any]
"""``input_ids`` and ``labels``, lists of equal length, and that ``length``."""


def encode_row(tokenizer: PreTrainedTokenizerBase, *, prompt: str, completion: str) -> Row:
    """One row: the prompt to read and the completion to learn."""
    read = tokenizer.encode(prompt, add_special_tokens=False) if prompt else []
    learnt = tokenizer.encode(completion, add_special_tokens=False)
    return {"input_ids": read + learnt, "labels": [IGNORED] * len(read) + learnt, "length": len(read) + len(learnt)}


class Padding:
    """Makes a batch of rows: padded on the right to the longest of them."""

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
        """``input_ids``, ``attention_mask`` and ``labels``, each (rows, longest), int64."""
        longest = max(len(row["input_ids"]) for row in rows)
        return {
            "input_ids": _padded([row["input_ids"] for row in rows], longest, self.pad_id),
            "attention_mask": _padded([[1] * len(row["input_ids"]) for row in rows], longest, 0),
            "labels": _padded([row["labels"] for row in rows], longest, IGNORED),
        }


def _padded(rows: Sequence[list[int]], longest: int, filler: int) -> torch.Tensor:
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows], dtype=torch.int64)
