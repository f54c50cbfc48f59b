"""Whether an adapter in another way says what it says itself: its logits on a few texts, unmerged, are the reference.

A merge is loaded by transformers and an export by PEFT, by none of ours. What is computed in another order differs by
rounding, but no further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from expertkit.adapters import Adapter
from expertkit.data.curriculum import probes
from expertkit.errors import IntegrityError
from expertkit.runtime.loading import attached, load_base
from expertkit.runtime.soft_prompt import prefix_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TOLERANCE = 1e-4
"""Of the largest difference."""
ROUNDED = 0.2
"""Of the same, where merged weights are rounded to 16 bits, which the adapter beside them was not."""
_SEED, _PASSAGES, _LONGEST = 20_260_218, 8, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """How near one way comes to another."""

    difference: float
    """The largest absolute difference of two logits, in standard deviations of the reference's logits."""
    agreement: float
    """The share of places with the same likeliest token."""
    places: int
    """Tokens that were read."""

    def describe(self) -> str:
        """One line for a person."""
        return (
            f"logits differ from the package's own by at most {self.difference:.2g} of their standard deviation, "
            f"the likeliest token is the same at {self.agreement:.1%} of {self.places} places"
        )


def check_merged(
    base: Path, adapter: Adapter, folder: Path, *, prompts: Sequence[str] = (), tolerance: float = TOLERANCE
) -> Fidelity:  # fmt: skip
    """How near a base with an adapter in its weights, loaded by transformers, comes to the adapter beside the base.

    Args:
        base: a transformers directory.
        adapter: what was merged.
        folder: the transformers directory of the merged one.
        prompts: texts to read, if not some that every base can.
        tolerance: the largest difference that is rounding; ``ROUNDED`` where weights have 16 bits.

    Raises:
        IntegrityError: it differs by more.
        CompatibilityError: the adapter is for another base.
    """
    reading = _read_base(base, adapter, prompts)
    return _judge(reading, load_base(folder)[0], what="merged weights", tolerance=tolerance)


def check_exported(
    base: Path, adapter: Adapter, folder: Path, *, prompts: Sequence[str] = (), tolerance: float = TOLERANCE
) -> Fidelity:  # fmt: skip
    """How near a PEFT directory, loaded by PEFT, comes to the adapter that was written there.

    Args:
        base: a transformers directory.
        adapter: what was written.
        folder: ``adapter_model.safetensors`` and ``adapter_config.json``.
        prompts: texts to read, if not some that every base can.
        tolerance: the largest difference that is rounding.

    Raises:
        IntegrityError: it differs by more, or PEFT does not load it.
        CompatibilityError: the adapter is for another base.
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    reading = _read_base(base, adapter, prompts)
    try:
        exported = PeftModel.from_pretrained(reading.model, str(folder))
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise IntegrityError(f"export: expected an adapter that peft loads, got: {error}") from error
    exported.train(mode=False)
    return _judge(reading, exported, what="export", tolerance=tolerance)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A base, texts, and what an adapter made of them."""

    model: PreTrainedModel
    """The base alone."""
    texts: Sequence[Sequence[int]]
    logits: Sequence[torch.Tensor]
    """(tokens, vocabulary) of each text."""


def _read_base(base: Path, adapter: Adapter, prompts: Sequence[str]) -> _Reading:
    model, tokenizer = load_base(base)
    texts = _encode(tokenizer, prompts)
    with attached(model, adapter, base=base.name) as wrapped:
        logits = [_logits(wrapped, text) for text in texts]
    return _Reading(model=model, texts=texts, logits=logits)


def _encode(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str]) -> list[list[int]]:
    given = prompts or [f"{each.prompt}{each.text}" for each in probes(_SEED, _PASSAGES)]
    return [list(tokenizer.encode(text, add_special_tokens=False)[:_LONGEST]) for text in given]


@torch.inference_mode()
def _logits(model: Any, text: Sequence[int]) -> torch.Tensor:
    """(tokens, vocabulary), float32; what a model reads before the text is left out."""
    ids = torch.tensor([[*prefix_of(model), *text]])
    logits: torch.Tensor = model(input_ids=ids).logits[0, -len(text) :].float()
    return logits


def _judge(reading: _Reading, other: Any, *, what: str, tolerance: float) -> Fidelity:
    found = _compare(reading, other)
    if not found.difference <= tolerance:  # nan neither
        raise IntegrityError(
            f"{what}: expected the adapter's logits within {tolerance:g} of their deviation, "
            f"got {found.difference:.3g}; {found.agreement:.1%} of the likeliest tokens are the same"
        )
    return found


def _compare(reading: _Reading, other: Any) -> Fidelity:
    wanted = torch.cat(list(reading.logits))
    got = torch.cat([_logits(other, text) for text in reading.texts])
    same = (wanted.argmax(dim=-1) == got.argmax(dim=-1)).double().mean()
    difference = (wanted - got).abs().max() / wanted.std()
    return Fidelity(difference=difference.item(), agreement=same.item(), places=len(wanted))
