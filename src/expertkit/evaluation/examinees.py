"""Finished packages of one expert for one base, with what has to be known to ask them anew.

What a package was made with stands in its ``recipe.json``; of that only what decides how it is asked is read, so that
packages of older recipes can be asked too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from expertkit import strict_json
from expertkit.errors import CompatibilityError
from expertkit.evaluation.statistics.samples import Share
from expertkit.fields import Range, read_sound
from expertkit.manifest import CustomTemplate
from expertkit.manifest.kinds import Positive, Seed, Threads
from expertkit.packages.names import EVALUATION, RECIPE
from expertkit.packages.packaged import Packaged, open_packaged
from expertkit.packages.report import parse_report
from expertkit.recipes.recipe import Domain, Grader, PromptTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedData:
    """Where its questions came from."""

    EXTRAS: ClassVar[Any] = Any

    seed: Seed
    train: Positive
    domain: Domain | None = None
    """The generator; None where the questions came from a data set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedEvaluation:
    """How it was evaluated."""

    EXTRAS: ClassVar[Any] = Any

    grader: Grader
    max_new_tokens: Positive
    batch_size: Positive
    threads: Threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The part of a ``recipe.json`` that decides how its expert is asked."""

    EXTRAS: ClassVar[Any] = Any

    prompt_template: PromptTemplate
    custom_template: CustomTemplate | None = None
    data: AskedData
    evaluate: AskedEvaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The part of an evaluation that says how its base was asked."""

    EXTRAS: ClassVar[Any] = Any

    shots: Annotated[int, Range(0, 64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examinee:
    """A package that is to be asked fresh questions."""

    path: Path
    packaged: Packaged
    asked: Asked
    shots: int
    """Worked examples in the base's prompt, which served it best when this expert was evaluated."""
    recorded: Share
    """Its right answers to the test items."""

    @property
    def version(self) -> str:
        """The expert's."""
        return self.packaged.checked.manifest.version

    @property
    def about(self) -> tuple[str, ...]:
        """What has to be the same for packages that are compared: expert, base, its fingerprint, domain, grader."""
        base, manifest = self.packaged.base, self.packaged.checked.manifest
        return (manifest.name, base.name, str(base.sha256), str(self.asked.data.domain), self.asked.evaluate.grader)


def open_examinees(paths: Sequence[Path]) -> tuple[Examinee, ...]:
    """The packages, all of one expert for one base, with a generator that makes fresh questions.

    Raises:
        CompatibilityError: they are not; everything that does not fit at once.
        FormatError, ManifestError, IntegrityError: a package is not sound.
    """
    examinees = tuple(map(_open, paths))
    wrong = [*_without_generator(examinees), *_others(examinees)]
    if wrong:
        raise CompatibilityError(*wrong)
    return examinees


def _open(path: Path) -> Examinee:
    packaged = open_packaged(path)
    kept = packaged.checked.contents.kept
    report = parse_report(kept[EVALUATION], file=f"{path}: {EVALUATION}")
    evaluation = strict_json.loads(kept[EVALUATION], file=f"{path}: {EVALUATION}")
    return Examinee(
        path=path,
        packaged=packaged,
        asked=read_sound(Asked, strict_json.loads(kept[RECIPE], file=f"{path}: {RECIPE}"), f"{path}: {RECIPE}"),
        shots=read_sound(Shown, evaluation["prompt"], f"{path}: {EVALUATION}").shots,
        recorded=Share(right=round(report.judged.expert_score * report.items), items=report.items),
    )


def _without_generator(examinees: Sequence[Examinee]) -> Iterator[str]:
    for examinee in examinees:
        if examinee.asked.data.domain is None:
            yield f"{examinee.path}: expected a generator of fresh questions, got an expert of a data set"


def _others(examinees: Sequence[Examinee]) -> Iterator[str]:
    """What is of another expert, base or domain than the first one."""
    first = examinees[0]
    for examinee in examinees[1:]:
        if examinee.about != first.about:
            yield f"{examinee.path}: expected {_describe(first)}, got {_describe(examinee)}"


def _describe(examinee: Examinee) -> str:
    expert, base, fingerprint, domain, grader = examinee.about
    return f"{expert} for {base} ({fingerprint[:12]}), questions of {domain}, graded as {grader}"
