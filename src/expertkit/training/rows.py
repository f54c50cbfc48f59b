"""Text made into rows of token ids, of which only the completion is learnt."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_OPEN = 64  # rows that may still get something packed into them
_WINDOW = 8  # batches among which rows change places
IGNORED = -100
"""The label that the loss leaves out."""

Row = dict[str, Any]
"""``input_ids`` and ``labels``, lists of equal length, and that ``length``."""


def encode_row(
    tokenizer: PreTrainedTokenizerBase,
    *,
    prompt: str,
    completion: str,
    is_prompt_learnt: bool = False,
    prefix: Sequence[int] = (),
) -> Row:
    """One row: ids to read, the prompt to read or to learn as well, and the completion to learn."""
    read = tokenizer.encode(prompt, add_special_tokens=False) if prompt else []
    learnt = tokenizer.encode(completion, add_special_tokens=False)
    labels = [IGNORED] * len(prefix) + (read if is_prompt_learnt else [IGNORED] * len(read)) + learnt
    return {"input_ids": [*prefix, *read, *learnt], "labels": labels, "length": len(labels)}


def level_rows(rows: Sequence[Row], *, batch_size: int, seed: int) -> list[Row]:
    """The rows in nearly their order, those of similar length side by side."""
    return level(rows, batch_size, random.Random(f"order {seed}"))


def level(rows: Sequence[Row], batch_size: int, rng: random.Random) -> list[Row]:
    """The same, drawn by ``rng``.

    Lengths are sorted only within a few batches: sorted further, a batch would hold one form of question,
    and the last ones learnt would push out the others.
    """
    ordered: list[Row] = []
    for start in range(0, len(rows), _WINDOW * batch_size):
        block = sorted(rows[start : start + _WINDOW * batch_size], key=lambda row: len(row["input_ids"]))
        batches = [block[at : at + batch_size] for at in range(0, len(block), batch_size)]
        rng.shuffle(batches)
        ordered.extend(row for batch in batches for row in batch)
    return ordered


def pack(rows: Sequence[Row], length: int) -> list[Row]:
    """Rows of up to ``length`` tokens that hold several of ``rows`` each, every one with positions of its own.

    Each goes into the fullest of the last few rows that has room for it. What a token is attends to nothing of
    another: transformers takes positions that start anew for another sequence.
    """
    packed: list[list[Row]] = []
    room: list[int] = []
    for row in rows:
        fitting = [at for at in range(max(0, len(packed) - _OPEN), len(packed)) if room[at] >= row["length"]]
        if fitting:
            at = min(fitting, key=lambda at: room[at])
        else:
            at = len(packed)
            packed.append([])
            room.append(length)
        packed[at].append(row)
        room[at] -= row["length"]
    return [_joined(parts) for parts in packed]


def _joined(parts: Sequence[Row]) -> Row:
    """One row of several; the first token of each is predicted from nothing."""
    return {
        "input_ids": [token for part in parts for token in part["input_ids"]],
        "labels": [label for part in parts for label in (IGNORED, *part["labels"][1:])],
        "position_ids": [at for part in parts for at in range(part["length"])],
        "length": sum(part["length"] for part in parts),
    }


class Padding:
    """Makes a batch of rows: padded on the left, so that what is learnt stands together at the end."""

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor | int]:
        """``input_ids``, ``attention_mask`` or ``position_ids`` (rows, longest), ``labels`` (rows, ``logits_to_keep``).

        Only the positions that predict a learnt token get logits: over a prompt they would be computed for nothing.
        """
        longest = max(len(row["input_ids"]) for row in rows)
        kept = min(longest, 1 + max(len(row["labels"]) - _first_learnt(row["labels"]) for row in rows))
        labels = _padded([row["labels"] for row in rows], longest, IGNORED)
        batch: dict[str, torch.Tensor | int] = {
            "input_ids": _padded([row["input_ids"] for row in rows], longest, self.pad_id),
            "labels": labels[:, longest - kept :],
            "logits_to_keep": kept,
        }
        if "position_ids" in rows[0]:  # packed: what is filled up is a sequence of its own
            filled = [[*range(longest - len(row["input_ids"])), *row["position_ids"]] for row in rows]
            return {**batch, "position_ids": torch.tensor(filled, dtype=torch.int64)}
        return {**batch, "attention_mask": _padded([[1] * len(row["input_ids"]) for row in rows], longest, 0)}


def _first_learnt(labels: Sequence[int]) -> int:
    return next((at for at, label in enumerate(labels) if label != IGNORED), len(labels))


def _padded(rows: Sequence[list[int]], longest: int, filler: int) -> torch.Tensor:
    return torch.tensor([[filler] * (longest - len(row)) + row for row in rows], dtype=torch.int64)
