"""How large an adapter will be, known before it is trained: what is no adapter any more is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from expertkit.errors import TrainingError
from expertkit.recipes import TrainConfig

Shapes = Mapping[str, tuple[int, int]]
"""Module path to (out_features, in_features)."""


def check_size(config: TrainConfig, shapes: Shapes, *, base: str) -> None:
    """Return if the adapter that the settings ask for is a small addition to its base.

    Args:
        config: kind, rank and target modules.
        shapes: of every matrix of the base.
        base: its name, for messages.

    Raises:
        TrainingError: a rank is larger than a matrix, or the adapter larger than its share; all of it at once.
    """
    problems = list(_find_problems(config, shapes, base))
    if problems:
        raise TrainingError(*problems, hint="lower rank or prompt_tokens, or name fewer target_modules")


def count_weights(config: TrainConfig, shapes: Shapes) -> int:
    """How many numbers are learnt on a base: of a soft prompt, hidden size times tokens (arXiv 2104.08691).

    LoRA learns ``rank * (in + out)`` of a matrix (arXiv 2106.09685), DoRA ``out`` more (arXiv 2402.09353), IA3 ``out``,
    or ``in`` of a feed-forward one (arXiv 2205.05638).
    """
    prompt = (config.prompt_tokens or 0) * _hidden_size(shapes)
    return prompt + sum(_weights(config, name, shape) for name, shape in _targets(config, shapes))


def _find_problems(config: TrainConfig, shapes: Shapes, base: str) -> Iterator[str]:
    ranks = {(_leaf(name), min(shape), _rank(config, name)) for name, shape in _targets(config, shapes)}
    for module, own, rank in sorted(ranks):
        if rank > own:
            yield f"rank: expected at most {own} for {module}, as its matrix in {base} has no more, got {rank}"
    learnt, whole = count_weights(config, shapes), sum(rows * columns for rows, columns in shapes.values())
    if learnt > config.max_adapter_share * whole:
        most = f"{config.max_adapter_share * whole:,.0f} weights (max_adapter_share {config.max_adapter_share:g})"
        yield f"adapter: expected at most {most} beside the {whole:,} of {base}, got {learnt:,}"


def _hidden_size(shapes: Shapes) -> int:
    """Of the rows of the tallest matrix, which reads hidden states, be it the embeddings or an up-projection."""
    return max(shapes.values(), default=(0, 0))[1]


def _targets(config: TrainConfig, shapes: Shapes) -> Iterator[tuple[str, tuple[int, int]]]:
    return ((name, shape) for name, shape in shapes.items() if _leaf(name) in (config.target_modules or ()))


def _weights(config: TrainConfig, name: str, shape: tuple[int, int]) -> int:
    rows, columns = shape
    if config.adapter_type == "ia3":
        return columns if _leaf(name) in (config.feedforward_modules or ()) else rows
    return _rank(config, name) * (rows + columns) + (rows if config.adapter_type == "dora" else 0)


def _rank(config: TrainConfig, name: str) -> int:
    """Of a module, by the first pattern that its path ends in; 0 where there is no such thing."""
    own = (rank for end, rank in config.rank_pattern.items() if f".{name}".endswith(f".{end}"))
    return next(own, config.rank or 0)


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]
