"""What the evaluation found, as far as packing and releasing depend on it, and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from expertkit import layout, strict_json
from expertkit.errors import FormatError, PackagingError
from expertkit.files import required
from expertkit.recipes import Recipe

REFUSED = "refused.json"
"""Takes the place of a package whose expert was refused."""

Verdict = Literal["accepted", "refused"]

_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One expert on one base against that base, and what the gate said."""

    expert: str
    base: str
    version: str
    base_score: float
    """Share of right answers of the bare base on the test items."""
    expert_score: float
    p_value: float
    verdict: Verdict
    reasons: tuple[str, ...]
    """Why it was refused."""

    def to_json(self) -> dict[str, Any]:
        """The judgement as JSON values; ``from_json`` gives the same one back."""
        return asdict(self)

    def describe(self) -> str:
        """One line for a person."""
        why = f": {'; '.join(self.reasons) or 'no reason given'}" if self.verdict == "refused" else ""
        return f"{self.expert} on {self.base}: {self.verdict}{why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What every package says of the adapter in it."""

    judged: Judged
    adapter_digest: str
    """SHA-256 of the file that carries the adapter that was evaluated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """A release before, asked the same test items."""

    version: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Evaluation):
    """What packing has to know of an evaluation."""

    template: str
    """The prompt template that base and expert were asked with."""
    template_hash: str
    """Of what it renders to."""
    items: int
    unseen_score: float
    """The expert's share of right answers on names that training never showed."""
    previous: Previous | None
    """The release that it was compared with."""


def from_json(value: Any, *, file: str) -> Judged:
    """What was judged, from a JSON object that may hold more.

    Raises:
        FormatError: it lacks something.
    """
    with _complete(file, "a verdict with its figures"):
        if value["verdict"] not in {"accepted", "refused"}:
            raise ValueError(value["verdict"])
        return Judged(
            expert=str(value["expert"]),
            base=str(value["base"]),
            version=str(value["version"]),
            base_score=_share(value["base_score"]),
            expert_score=_share(value["expert_score"]),
            p_value=_share(value["p_value"]),
            verdict=value["verdict"],
            reasons=tuple(str(reason) for reason in value["reasons"]),
        )


def parse_evaluation(data: bytes, *, file: str) -> Evaluation:
    """What was judged, and which adapter, from the bytes of an evaluation's metrics.json.

    Raises:
        FormatError: it lacks something.
    """
    value = strict_json.loads(data, file=file, max_bytes=_MAX_BYTES)
    judged = from_json(value, file=file)
    with _complete(file, "the digest of the adapter"):
        return Evaluation(judged=judged, adapter_digest=str(value["adapter_digest"]))


def parse_report(data: bytes, *, file: str) -> Report:
    """The report in the bytes of an evaluation's metrics.json.

    Raises:
        FormatError: it lacks something.
    """
    evaluation = parse_evaluation(data, file=file)
    value = strict_json.loads(data, file=file, max_bytes=_MAX_BYTES)
    with _complete(file, "an evaluation's metrics"):
        return Report(
            judged=evaluation.judged,
            adapter_digest=evaluation.adapter_digest,
            template=str(value["prompt"]["template"]),
            template_hash=str(value["prompt"]["hash"]),
            items=int(value["items"]),
            unseen_score=_share(value["unseen"]["expert_score"]),
            previous=_previous(value.get("previous")),
        )


def read_report(project: Path, recipe: Recipe) -> tuple[bytes, Report]:
    """The metrics of a recipe's evaluation, as bytes and as values.

    Raises:
        PackagingError: there are none, or they are about another expert, base or version.
    """
    path = project / layout.EVALUATE / recipe.key / layout.METRICS
    hint = f"expert-cli evaluate --expert {recipe.expert} --base {recipe.base}"
    data = required(path, hint=hint)
    report = parse_report(data, file=str(path))
    judged = report.judged
    wanted, got = (recipe.expert, recipe.base, recipe.version), (judged.expert, judged.base, judged.version)
    if wanted != got:
        raise PackagingError(f"{path}: expected {' '.join(wanted)}, got {' '.join(got)}", hint=hint)
    return data, report


def read_refusal(folder: Path) -> Judged | None:
    """Why there is no package in ``folder``, if it was refused.

    Raises:
        FormatError: the refusal is malformed.
    """
    path = folder / REFUSED
    if not path.exists():
        return None
    return from_json(strict_json.loads(path.read_bytes(), file=str(path)), file=str(path))


def _previous(value: Any) -> Previous | None:
    return None if value is None else Previous(version=str(value["version"]), score=_share(value["score"]))


def _share(value: object) -> float:
    """A number from 0 to 1, which nothing else is taken for."""
    if type(value) not in {int, float} or not 0 <= value <= 1:  # type: ignore[operator]
        raise ValueError(f"expected a number in 0..1, got {value!r}")
    return float(value)  # type: ignore[arg-type]


@contextmanager
def _complete(file: str, what: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{file}: expected {what}, got none or not all ({error!r})") from error
