"""Soft prompts as values: embeddings of tokens that no vocabulary has, read before every text.

Prompt tuning (Lester, Al-Rfou and Constant 2021, arXiv 2104.08691): the base stays whole, and what is learnt is what it
reads first. There is no rank and nothing to decompose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from expertkit.adapters.dtypes import DType
from expertkit.adapters.lora import Array

MAX_TOKENS = 512


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SoftPrompt:
    """An adapter: a row for each token."""

    embeddings: Array
    """(tokens, hidden_size)"""
    dtype: DType = "float32"
    """How the values are stored."""

    def __post_init__(self) -> None:
        if self.embeddings.dtype != np.float32 or self.embeddings.ndim != 2:
            raise ValueError(f"expected a float32 matrix, got {self.embeddings.dtype} of {self.embeddings.shape}")
        if not 1 <= self.tokens <= MAX_TOKENS:
            raise ValueError(f"tokens: expected 1..{MAX_TOKENS}, got {self.tokens}")

    @property
    def kind(self) -> Literal["prompt"]:
        """What it is called in manifests."""
        return "prompt"

    @property
    def tokens(self) -> int:
        """How many tokens are read before the text."""
        return int(self.embeddings.shape[0])

    @property
    def parameters(self) -> int:
        """How many numbers are learnt."""
        return self.embeddings.size
