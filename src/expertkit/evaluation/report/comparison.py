"""What an evaluation asked and was answered: the values that report, page and pictures are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from expertkit.data.prompt import Template
from expertkit.evaluation.arm import Arm
from expertkit.evaluation.extra_arms import ExtraArms
from expertkit.evaluation.general import General
from expertkit.recorded import Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The release before, asked the test items."""

    version: str
    content_digest: str
    arm: Arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Base and expert on the same test items, and on the items with names never seen in training."""

    metrics: tuple[str, ...]
    """Of the grader, the primary one first."""
    base: Arm
    expert: Arm
    base_unseen: Arm
    expert_unseen: Arm
    previous: Before | None
    """None where there is no release to compare with."""
    trained: Arm | None
    """The adapter as it was trained; None where the shipped one changes the base alike."""
    general: General
    ambiguous: Mapping[str, str]
    """Why an item was asked nobody, by its id."""
    template: Template
    """How base and expert were asked."""
    template_name: str
    shots: int
    """Worked examples in the base's prompt, chosen on dev."""
    extra: ExtraArms = field(default_factory=ExtraArms)
    """The expert asked in other ways."""
    recorded: tuple[Recorded, ...] = ()
    """What the expert answered to some of the test items, asked as a package is asked again."""

    @property
    def primary(self) -> str:
        """The metric that decides."""
        return self.metrics[0]
