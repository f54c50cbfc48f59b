"""The part of a manifest that says how an expert is made and judged: training, decoding, evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from expertkit.fields import Part, Range
from expertkit.manifest.kinds import Domain, Grader, RelativePath, Words
from expertkit.manifest.training import NotNegative, Positive, TrainConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A generator that makes the data."""

    domain: Domain
    """Which one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapping:
    """Which field of an item plays which part in the prompt."""

    instruction: Literal["question"]
    input: Literal["context"]
    response: Literal["answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What the expert learns from."""

    path: RelativePath
    """Folder of the data, from the project's root."""
    type: Literal["single"]
    format: Literal["jsonl"]
    generation: Generation
    field_mapping: FieldMapping | None = None
    source: Words | None = None
    """Where the data comes from, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How answers are best generated."""

    use_grammar: bool = False
    grammar_type: Literal["gbnf"] | None = None
    grammar_file: RelativePath | None = None
    """A file of the expert's folder."""
    validation: Literal["parser", "parser-strict", "explain", "none"] | None = None
    stop_sequences: tuple[Words, ...] = ()
    temperature: Annotated[float, Range(0, 2)] | None = None
    top_p: Annotated[float, Range(0, 1)] | None = None
    top_k: Positive | None = None
    max_new_tokens: Positive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How the expert is made."""

    dataset: Dataset
    config: Annotated[Mapping[str, Any], Part(TrainConfig)]
    """Some of ``TrainConfig``; the weakest layer of a recipe, and all of it once packed."""
    decoding: Decoding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How the expert is judged."""

    test_cases: RelativePath
    """A few items for people, in the expert's folder."""
    grader: Grader
    """What decides that an answer is right."""
    failure_modes: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityMetrics:
    """How good the expert was on its base when it was packed."""

    benchmark_score: Annotated[float, Range(0, 1)] | None = None
    """Share of right answers on the test items."""
    base_model_score: Annotated[float, Range(0, 1)] | None = None
    """The same for the bare base."""
    improvement_percent: float | None = None
    win_rate_vs_base: Annotated[float, Range(0, 1)] | None = None
    p_value: Annotated[float, Range(0, 1)] | None = None
    unseen_score: Annotated[float, Range(0, 1)] | None = None
    """Share of right answers on names that training never showed."""
    test_queries: NotNegative | None = None
    training_steps: NotNegative | None = None
    checkpoint: Words | None = None
