"""The part of a manifest that says how an expert is made and judged: training, decoding, evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from expertkit.fields import Formerly, Part, Range
from expertkit.manifest.dataset import Dataset
from expertkit.manifest.kinds import Checkpoint, Date, Extra, NotNegative, Positive, RelativePath, Share, Words
from expertkit.manifest.settings import TrainingConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How answers are best generated."""

    use_grammar: bool = False
    grammar_type: (
        Literal["gbnf", "json", "sql", "sql-postgres", "sql-mysql", "cypher", "typescript", "python"] | None
    ) = None
    grammar_file: RelativePath | None = None
    """A file of the expert's folder."""
    validation: Literal["parser", "parser-strict", "tsc", "explain", "none"] | None = None
    validation_cmd: Words | None = None
    stop_sequences: tuple[Words, ...] = ()
    temperature: Annotated[float, Range(0, 2)] | None = None
    top_p: Share | None = None
    top_k: Positive | None = None
    max_new_tokens: Positive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestScenario:
    """How the expert did on one kind of question."""

    EXTRAS: ClassVar[Any] = Annotated[float | str | bool, Formerly(Any)]

    total: NotNegative | None = None
    passed: NotNegative | None = None
    success_rate: Annotated[float, Range(0, 100)] | None = None
    """Percent."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    notes: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSummary:
    """Another state of the training that was kept."""

    path: Words | None = None
    step: NotNegative | None = None
    score: float | None = None
    win_rate: float | None = None
    best_for: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How the expert is made, and once it is made, how that went."""

    dataset: Dataset
    config: Annotated[Mapping[str, Any], Part(TrainingConfig)]
    """Some of ``TrainingConfig``; the weakest layer of a recipe, and all of it once packed."""
    decoding: Decoding | None = None
    packaging_checkpoint: Checkpoint | None = None
    """Which state of the training is packed."""
    trained_on: Date | None = None
    base_model_version: Words | None = None
    checkpoint: Words | None = None
    quality_score: float | None = None
    test_scenarios: Mapping[str, TestScenario] = field(default_factory=dict)
    alternative_checkpoints: Mapping[str, CheckpointSummary] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How the expert is judged."""

    test_cases: RelativePath | None = None
    """A few items for people, in the expert's folder."""
    grader: Words | None = None
    """What decides that an answer is right."""
    suite: Words | tuple[Words, ...] | None = None
    metrics: Mapping[str, Any] | tuple[Words, ...] | None = None
    test_set_size: NotNegative | None = None
    failure_modes: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityMetrics:
    """How good the expert was on its base when it was packed."""

    EXTRAS: ClassVar[Any] = Extra

    benchmark_score: float | None = None
    """Share of right answers on the test items."""
    base_model_score: float | None = None
    """The same for the bare base."""
    improvement_percent: float | None = None
    win_rate_vs_base: float | None = None
    p_value: Share | None = None
    unseen_score: Share | None = None
    """Share of right answers on names that training never showed."""
    test_queries: NotNegative | None = None
    training_steps: NotNegative | None = None
    checkpoint: Words | None = None
    test_date: Date | None = None
