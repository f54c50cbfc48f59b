"""A base that reads a soft prompt before a text: the learnt tokens have ids below zero, so that no vocabulary has them.

They stand in a row like any other token, after what fills it up on the left: masks, positions, caches and packed rows
need no exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def virtual_ids(count: int) -> list[int]:
    """The ids of so many learnt tokens, in their order."""
    return [-1 - at for at in range(count)]


def prefix_of(model: object) -> list[int]:
    """What a model has to read before each text: nothing, but for one with a soft prompt."""
    return virtual_ids(model.prompt_embeddings.shape[0]) if isinstance(model, SoftPrompted) else []


class SoftPrompted(torch.nn.Module):
    """A base with the embeddings of a soft prompt, which alone can learn and alone are its state."""

    def __init__(self, base: PreTrainedModel, embeddings: torch.Tensor) -> None:
        """Take a base, whose weights stay as they are, and (tokens, hidden_size) embeddings."""
        super().__init__()
        self.base: Any = base.requires_grad_(requires_grad=False)
        self.config = base.config
        self.prompt_embeddings = torch.nn.Parameter(embeddings)
        self.register_state_dict_post_hook(_forget_base)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_post_hook(_miss_nothing)  # type: ignore[no-untyped-call]

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **rest: Any,
    ) -> Any:
        """What the base says to (rows, columns) ids, those of the soft prompt below zero."""
        is_virtual = input_ids < 0
        read = self.base.get_input_embeddings()(input_ids.clamp(min=0))
        learnt = torch.nn.functional.embedding((-1 - input_ids).clamp(min=0), self.prompt_embeddings)
        embedded = torch.where(is_virtual[..., None], learnt.to(read.dtype), read)
        return self.base(
            inputs_embeds=embedded, attention_mask=attention_mask, position_ids=position_ids, labels=labels, **rest
        )

    def gradient_checkpointing_enable(self, *args: Any, **options: Any) -> None:
        """Let the base compute its activations again instead of keeping them."""
        self.base.gradient_checkpointing_enable(*args, **options)

    def unload(self) -> PreTrainedModel:
        """The base, which was never changed."""
        base: PreTrainedModel = self.base
        return base

    @contextmanager
    def disable_adapter(self) -> Iterator[None]:
        """Nothing to switch off: rows without ids of the soft prompt are the base's own."""
        yield


def _forget_base(_module: torch.nn.Module, state: dict[str, Any], prefix: str, _metadata: object) -> None:
    """Leave in the state what was learnt alone."""
    for name in [name for name in state if name.startswith(f"{prefix}base.")]:
        del state[name]


def _miss_nothing(_module: torch.nn.Module, keys: Any) -> None:
    """The base is no part of the state that is taken back."""
    keys.missing_keys.clear()
