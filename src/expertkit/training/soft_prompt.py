"""What a soft prompt begins as, before it is trained."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import torch

from expertkit.errors import TrainingError
from expertkit.recipes import TrainConfig

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def initial_prompt(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: TrainConfig) -> torch.Tensor:
    """Embeddings (tokens, hidden_size) that a training begins with, drawn from torch's generator.

    Raises:
        TrainingError: the text that they should begin as has no token.
    """
    count = config.prompt_tokens or 0
    drawn = _read(model, _draw(tokenizer, count))
    match config.prompt_init:
        case "text":
            ids = tokenizer.encode(config.prompt_init_text or "", add_special_tokens=False)
            if not ids:
                raise TrainingError(f"prompt_init_text: expected a text with a token, got {config.prompt_init_text!r}")
            return _read(model, list(islice(cycle(ids), count)))
        case "random":
            return torch.randn_like(drawn) * drawn.std()
        case _:
            return drawn


def _read(model: PreTrainedModel, ids: list[int]) -> torch.Tensor:
    """Tokens as the base reads them, scaled where it scales them."""
    embeddings: Any = model.get_input_embeddings()
    read: torch.Tensor = embeddings(torch.tensor(ids)).detach().float()
    return read


def _draw(tokenizer: PreTrainedTokenizerBase, count: int) -> list[int]:
    """Ids of tokens that stand for text, one twice only where there are too few."""
    special = set(tokenizer.all_special_ids)
    ids = [at for at in range(len(tokenizer)) if at not in special]
    order = torch.randperm(len(ids)).tolist()
    return [ids[at] for at in islice(cycle(order), count)]
