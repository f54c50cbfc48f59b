"""What a search comes to, written down: every trial, the front, the winner with its file, and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from expertkit import layout, osd
from expertkit.adapters import Adapter, encode_tensors, identity
from expertkit.files import replace_folder, sha256_bytes, write_bytes, write_json
from expertkit.recipes import Recipe, SearchConfig
from expertkit.search.choice import Asked, Choice
from expertkit.search.front import front
from expertkit.search.trials import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a search comes to; nothing was tried where there was nothing to search."""

    told: Mapping[str, Any]
    """The winner, or why there is none."""
    trials: Sequence[Trial] = ()
    choice: Choice = field(default_factory=Choice)
    data: bytes | None = None
    """The winner's file."""
    whole: float | None = None
    """The share of right answers of the whole adapter."""

    @property
    def possible(self) -> list[Trial]:
        """Those that have a file."""
        return [trial for trial in self.trials if trial.is_possible]


def told(choice: Choice, config: SearchConfig, whole: float) -> dict[str, Any]:
    """The winner, or why there is none."""
    goal = f"at most {config.tolerance:g} of {whole:.3f} with 95 % confidence, {len(choice.asked)} asked"
    if not choice.asked:
        return {"point": None, "why": "no way to compress is possible: the whole adapter is kept"}
    if choice.winner is None:
        best = max(each.score for each in choice.asked)
        return {"point": None, "why": f"none loses {goal}, the best has {best:.3f}: the whole adapter is kept"}
    point = choice.winner.trial.point
    return {"point": point.to_json(), "why": f"{point.name} is the smallest of those that lose {goal}"}


def write(target: Path, recipe: Recipe, adapter: Adapter, found: Outcome) -> dict[str, Any]:
    """Replace a folder by what was found; give its figures."""
    winner = found.choice.winner
    metrics = {
        "expert": recipe.expert, "base": recipe.base, **found.told, "trials": len(found.trials),
        "possible": len(found.possible), "asked": len(found.choice.asked), "dev_score_whole": found.whole,
        "dev_score": winner.score if winner else None, "agreement": winner.agreement if winner else None,
        "bytes_whole": len(encode_tensors(adapter)), "bytes": winner.trial.size if winner else None,
        "relative_error": winner.trial.error if winner else None,
    }  # fmt: skip
    with replace_folder(target) as folder:
        digest = None if found.data is None else sha256_bytes(found.data)
        write_json(folder / layout.WINNER, {"adapter": identity(adapter), "digest": digest, **found.told})
        write_json(folder / layout.METRICS, metrics)
        if found.data is not None:
            write_bytes(folder / osd.NAME, found.data)
        write_bytes(folder / "trials.csv", table(found.trials, found.choice).encode())
        if found.possible:
            from expertkit.search.pictures import draw_front

            title = f"{recipe.expert} on {recipe.base}: {winner.trial.point.name if winner else 'kept whole'}"
            draw_front(found.possible, found.choice, folder / "pareto.png", whole=found.whole, title=title)
    return metrics


def table(trials: Sequence[Trial], choice: Choice) -> str:
    """Every trial as a row of a CSV, the fewest bytes first, those that are not possible last and without figures.

    ``front`` and ``winner`` are 1 or 0.
    """
    asked: dict[Any, Asked] = {each.trial.point: each for each in choice.asked}
    best = {trial.point for trial in front(trials)}
    rows = ["point,codec,rank,score,density,sparsity,bits,bytes,error,front,dev_score,dev_low,agreement,winner"]
    for trial in sorted(trials, key=lambda each: (not each.is_possible, each.size, each.error)):
        said, found = trial.point.settings, asked.get(trial.point)
        is_winner = choice.winner is not None and choice.winner.trial == trial
        density = f"{trial.density:.6g},{1 - trial.density:.6g}" if trial.is_possible else ","
        cost = f"{trial.size},{trial.error:.6g}" if trial.is_possible else ","
        answered = f"{found.score:.4f},{found.low:.4f},{found.agreement:.4f}" if found else ",,"
        rows.append(
            f"{trial.point.name},{said.codec},{said.rank},{said.score},{density},{trial.point.bits or ''},{cost},"
            f"{int(trial.point in best)},{answered},{int(is_winner)}"
        )
    return "\n".join(rows) + "\n"
