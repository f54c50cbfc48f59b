"""The part of a manifest that says what an expert learns from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from expertkit.fields import Range
from expertkit.manifest.kinds import NotNegative, Positive, Share, Words

Format = Literal["jsonl", "huggingface", "csv", "parquet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty:
    """Shares of made items by how hard they are."""

    easy: Share | None = None
    medium: Share | None = None
    hard: Share | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A generator that makes the data."""

    domain: Words
    """Which one."""
    task: Words | None = None
    count: Positive | None = None
    provider: Words | None = None
    temperature: Annotated[float, Range(0, 2)] | None = None
    diversity_threshold: Share | None = None
    difficulty_distribution: Difficulty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One of the sources that data was put together from."""

    EXTRAS: ClassVar[Any] = Any

    name: Words
    original_examples: NotNegative | None = None
    processed_examples: NotNegative | None = None
    duplicates_removed: NotNegative | None = None
    invalid_removed: NotNegative | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskData:
    """The files of one of several tasks."""

    train: Words
    valid: Words | None = None
    test: Words | None = None
    weight: Share
    """How much of it is used."""
    format: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChecks:
    """What an item has to be to be used."""

    validate_json: bool | None = None
    validate_schema: bool | None = None
    deduplicate: bool | None = None
    min_length: NotNegative | None = None
    max_length: Positive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Variations of items."""

    schema_injection_prob: Share | None = None
    table_aliases: bool | None = None
    comment_stripping: bool | None = None
    case_normalization: Literal["preserve", "upper", "lower"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What the expert learns from."""

    path: Words | None = None
    """A folder or file of the project, or a data set's id on the hub."""
    type: Literal["single", "multi_task"] | None = None
    format: Format | None = None
    generation: Generation | None = None
    field_mapping: Mapping[str, Words] = field(default_factory=dict)
    """Which field of an item plays which part: instruction, input, response, text."""
    text_field: Words | None = None
    tasks: Mapping[str, TaskData] = field(default_factory=dict)
    streaming: bool | None = None
    validation_path: Words | None = None
    test_path: Words | None = None
    validation: DataChecks | None = None
    augmentation: Augmentation | None = None
    max_in_memory_samples: Positive | None = None
    use_pretokenized: bool | None = None
    source: Words | None = None
    """Where the data comes from, in words."""
    sources: tuple[Source, ...] = ()
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    format_distribution: Mapping[str, Any] = field(default_factory=dict)
    task_distribution: Mapping[str, Any] = field(default_factory=dict)
    splits: Mapping[str, Any] = field(default_factory=dict)
