"""An adapter calibrated: what its inputs are like, and what each entry of its factors does to the loss of answers.

One pass over a few rows of token ids, as ``training/rows.py`` makes them, of which only the answer has labels: forward
and backward, one row after another, so that each has gradients of its own. The adapter is attached as its singular
value decomposition, B = U sqrt(S) and A = sqrt(S) V^T, whose entries ``expertkit.osd`` keeps or drops.

    found = calibrate(model, lora, rows, base="qwen3-tiny")
    small = fit(calibrated(sources(lora), found, "fisher"), settings, budget=20_000)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from expertkit.adapters import Lora, decompose
from expertkit.errors import FormatError, PackagingError
from expertkit.osd.calibration import Calibration, Measured
from expertkit.runtime.loading import attached

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MOST_SEQUENCES = 128

IGNORED = torch.nn.CrossEntropyLoss().ignore_index
"""The label that the loss leaves out."""

Row = Mapping[str, Any]
"""``input_ids`` and ``labels``, of equal length; a label is the token itself, and predicted from those before it."""


def calibrate(model: PreTrainedModel, adapter: Lora, rows: Sequence[Row], *, base: str) -> Calibration:
    """What an adapter's modules read and what their entries are worth, on one thread: the same for the same input.

    The loss of a row is the mean over its tokens that count, so that long answers weigh as much as short ones. Inputs
    are those at the places from which these tokens are predicted. Gradients are PEFT's: of a DoRA, they take the norms
    of rows for constants.

    Args:
        model: the base, which is left as it was.
        adapter: a LoRA or DoRA.
        rows: at most 128.
        base: its name, for messages.

    Raises:
        PackagingError: there are no rows, or too many.
        FormatError: a row has no token that counts, or a loss that is not finite.
        CompatibilityError: the adapter is for another base.
    """
    if not 1 <= len(rows) <= MOST_SEQUENCES:
        raise PackagingError(f"calibration: expected 1 to {MOST_SEQUENCES} sequences, got {len(rows)}")
    silent = [str(number) for number, row in enumerate(rows, 1) if not _counted(row).any()]
    if silent:
        raise FormatError(f"calibration, sequence {', '.join(silent)}: expected a token that counts, got none")
    with _one_thread(), attached(model, decompose(adapter, dtype="float32").lora, base=base) as wrapped:
        tallies = {name: _Tally(wrapped.get_submodule(f"base_model.model.{name}")) for name in sorted(adapter.modules)}
        for number, row in enumerate(rows, 1):
            _measure(wrapped, row, list(tallies.values()), number=number)
    tokens = sum(int(_counted(row).sum()) for row in rows)
    modules = {name: tally.result(tokens) for name, tally in tallies.items()}
    return Calibration(modules=modules, sequences=len(rows), tokens=tokens)


class _Tally:
    """The sums of one module, to which row after row is added."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.factors = [layer.lora_B["default"].weight, layer.lora_A["default"].weight]
        out, width, rank = layer.out_features, layer.in_features, len(self.factors[1])
        self._squares = np.zeros(width)
        self._sizes = [np.zeros((rank, out)), np.zeros((rank, width))]
        self._powers = [np.zeros((rank, out)), np.zeros((rank, width))]

    def see(self, inputs: torch.Tensor) -> None:
        """Add the inputs (tokens, in) of a row."""
        self._squares += np.square(inputs.detach().double().numpy()).sum(axis=0)

    def take(self, gradients: Sequence[torch.Tensor]) -> None:
        """Add the gradients of a row by B (out, k) and A (k, in)."""
        b, a = (_effect(factor, gradient) for factor, gradient in zip(self.factors, gradients, strict=True))
        for at, effect in enumerate((b.T, a)):
            self._sizes[at] += np.abs(effect)
            self._powers[at] += np.square(effect)

    def result(self, tokens: int) -> Measured:
        """What was found after all rows, which had so many tokens that count."""
        return Measured(
            inputs=np.sqrt(self._squares / tokens),
            taylor=(self._sizes[0], self._sizes[1]),
            fisher=(self._powers[0], self._powers[1]),
        )


def _effect(factor: torch.Tensor, gradient: torch.Tensor) -> NDArray[np.float64]:
    """What the loss would lose with each entry, to first order."""
    found: NDArray[np.float64] = (factor.detach().double() * gradient.double()).numpy()
    return found


def _measure(wrapped: Any, row: Row, tallies: Sequence[_Tally], *, number: int) -> None:
    """Add a row to all sums."""
    counted = torch.from_numpy(_counted(row))
    ids = torch.tensor(row["input_ids"])
    with _watching(tallies, counted):
        logits = wrapped(input_ids=ids[None]).logits[0, :-1][counted]
    loss = torch.nn.functional.cross_entropy(logits.float(), ids[1:][counted])
    if not loss.isfinite():
        raise FormatError(f"calibration, sequence {number}: expected a finite loss, got {loss.item()}")
    factors = [factor for tally in tallies for factor in tally.factors]
    gradients = torch.autograd.grad(loss, factors, materialize_grads=True)  # zeros of an expert that no token reaches
    for at, tally in enumerate(tallies):
        tally.take(gradients[2 * at : 2 * at + 2])


def _counted(row: Row) -> NDArray[np.bool_]:
    """From which places a token that counts is predicted: (tokens - 1,)."""
    return np.array([label != IGNORED for label in row["labels"][1:]], bool)


@contextmanager
def _watching(tallies: Sequence[_Tally], counted: torch.Tensor) -> Iterator[None]:
    """While it lasts, the modules' inputs at some places (tokens - 1,) are added up."""

    def watch(tally: _Tally) -> Any:
        return tally.layer.register_forward_pre_hook(lambda _layer, given: tally.see(given[0][0, :-1][counted]))

    handles = [watch(tally) for tally in tallies]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in the same order, however many processors there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
