"""Answers drawn at random: nucleus sampling (Holtzman et al. 2020), each draw by a seed of its own.

A draw follows from the seed, the number of the prompt and that of the token, not from the batch: other prompts or
another batch size change an answer only where they change its logits.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from expertkit.runtime.generation import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How tokens are drawn."""

    temperature: float
    """Logits are divided by it: above 1 evens them out, towards 0 leaves the likeliest token alone. Above 0."""
    top_p: float
    """Drawn from are the likeliest tokens that together reach this probability, in (0, 1]."""
    seed: int
    """Decides every draw."""

    def choose(self, logits: torch.Tensor, answers: Sequence[Answer]) -> list[int]:
        """The next token of each answer, drawn."""
        chances, tokens = torch.softmax(logits.double() / self.temperature, dim=-1).sort(descending=True, stable=True)
        reached = chances.cumsum(dim=-1)
        kept = torch.where(reached - chances < self.top_p, reached, torch.zeros(())).max(dim=-1, keepdim=True).values
        drawn = torch.tensor([[self._draw(answer)] for answer in answers], dtype=torch.float64)
        places = torch.searchsorted(reached, drawn * kept, right=True)
        return list(tokens.gather(-1, places.clamp(max=tokens.shape[-1] - 1))[:, 0].tolist())

    def _draw(self, answer: Answer) -> float:
        """A number in [0, 1)."""
        return random.Random(f"{self.seed} {answer.prompt} {len(answer.tokens)}").random()
