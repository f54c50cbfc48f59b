"""What the evaluation found, as far as packing and releasing depend on it, and refusals."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from expertkit.errors import FormatError, PackagingError
from expertkit.manifest import strict_json
from expertkit.packages.weights import required
from expertkit.recipes import Recipe

REFUSED = "refused.json"
"""Takes the place of a package whose expert was refused."""

_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One expert on one base against that base."""

    expert: str
    base: str
    version: str
    adapter_digest: str
    """SHA-256 of the adapter_model.safetensors that was evaluated."""
    items: int
    base_score: float
    """Share of right answers of the bare base on the test items."""
    expert_score: float
    unseen_score: float
    """The expert's share of right answers on names that training never showed."""
    p_value: float
    verdict: str
    """``accepted`` or ``refused``."""
    reasons: tuple[str, ...]
    """Why it was refused."""

    @property
    def accepted(self) -> bool:
        """Whether the expert may be packed."""
        return self.verdict == "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there is no package."""

    expert: str
    base: str
    version: str
    reasons: tuple[str, ...]
    base_score: float
    expert_score: float
    p_value: float

    def to_json(self) -> dict[str, Any]:
        """The refusal as JSON values."""
        return asdict(self)

    def describe(self) -> str:
        """One line for a person."""
        return f"{self.expert} on {self.base}: refused: {'; '.join(self.reasons) or 'no reason given'}"


def parse_report(data: bytes, *, file: str) -> Report:
    """The report in the bytes of an evaluation's metrics.json.

    Raises:
        FormatError: it lacks something.
    """
    value = strict_json.loads(data, file=file, max_bytes=_MAX_BYTES)
    try:
        return Report(
            expert=str(value["expert"]),
            base=str(value["base"]),
            version=str(value["version"]),
            adapter_digest=str(value["adapter_digest"]),
            items=int(value["items"]),
            base_score=float(value["base_score"]),
            expert_score=float(value["expert_score"]),
            unseen_score=float(value["unseen"]["expert_score"]),
            p_value=float(value["p_value"]),
            verdict=str(value["verdict"]),
            reasons=tuple(str(reason) for reason in value["reasons"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{file}: expected an evaluation's metrics, got none or not all ({error!r})") from error


def metrics_path(project: Path, recipe: Recipe) -> Path:
    """Where the evaluation of a recipe leaves its metrics."""
    return project / "build" / "evaluate" / recipe.key / "metrics.json"


def read_report(project: Path, recipe: Recipe) -> tuple[bytes, Report]:
    """The metrics of a recipe's evaluation, as bytes and as values.

    Raises:
        PackagingError: there are none, or they are about another expert, base or version.
    """
    path = metrics_path(project, recipe)
    hint = f"expert-cli evaluate --expert {recipe.expert} --base {recipe.base}"
    data = required(path, hint=hint)
    report = parse_report(data, file=str(path))
    wanted, got = (recipe.expert, recipe.base, recipe.version), (report.expert, report.base, report.version)
    if wanted != got:
        raise PackagingError(f"{path}: expected {' '.join(wanted)}, got {' '.join(got)}", hint=hint)
    return data, report


def refusal(report: Report) -> Refusal:
    """The refusal that a report with a bad verdict leads to."""
    return Refusal(
        expert=report.expert,
        base=report.base,
        version=report.version,
        reasons=report.reasons,
        base_score=report.base_score,
        expert_score=report.expert_score,
        p_value=report.p_value,
    )


def read_refusal(folder: Path) -> Refusal | None:
    """The refusal in ``folder``, if there is one.

    Raises:
        FormatError: it is malformed.
    """
    path = folder / REFUSED
    if not path.exists():
        return None
    value: Any = strict_json.loads(path.read_bytes(), file=str(path))
    try:
        return Refusal(**{**value, "reasons": tuple(value["reasons"])})
    except (KeyError, TypeError) as error:
        raise FormatError(f"{path}: expected a refusal, got something else ({error!r})") from error
