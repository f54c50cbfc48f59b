"""Several comparisons at once: the chance that any of them errs is what has to be small."""

from __future__ import annotations

from collections.abc import Mapping


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values adjusted for being a family, in the order given (Holm 1979).

    The smallest is multiplied by their number, the next by one less, and none is smaller than the one before it.
    """
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}
