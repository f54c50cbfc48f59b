"""The manifest of schema 2.0 as one frozen value: what an expert is, for which bases, and what is shipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from expertkit.fields import UNREAD, Entries, Range
from expertkit.manifest.kinds import (
    BaseName,
    Digest,
    ExpertName,
    PromptTemplate,
    RelativePath,
    Requirement,
    Tag,
    Version,
    Words,
)
from expertkit.manifest.making import Evaluation, QualityMetrics, Training
from expertkit.manifest.training import AdapterType, Alpha, Dropout, NotNegative, Positive, Rank, TargetModules

Tags = Annotated[tuple[Tag, ...], Entries()]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterEntry:
    """An adapter for one base; in a package, the one that is in it."""

    type: AdapterType
    target_modules: TargetModules
    r: Rank
    alpha: Alpha
    scaling: Literal["default", "standard"] | None = None
    dropout: Dropout | None = None
    size_bytes: NotNegative | None = None
    sha256: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseEntry:
    """A base model that the expert is for."""

    name: BaseName
    """Its name in params.yaml and configs/base_models/."""
    sha256: Digest | None = None
    """Its fingerprint."""
    quantization: Literal["int4", "int8", "fp16", "bf16", "none"] | None = None
    prompt_template: PromptTemplate
    adapters: Annotated[tuple[AdapterEntry, ...], Entries(low=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftPrompt:
    """A soft prompt that comes with the expert."""

    name: Tag
    path: RelativePath
    tokens: Annotated[int, Range(1, 512)]
    init_method: Literal["random", "text", "vocab_sample"] | None = None
    init_text: Words | None = None
    purpose: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """When to choose this expert."""

    keywords: Annotated[tuple[Words, ...], Entries(low=1)]
    exclude_keywords: Annotated[tuple[Words, ...], Entries()] = ()
    router_hint: Words | None = None
    priority: Annotated[float, Range(0, 1)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """What the expert tolerates beside it."""

    load_order: NotNegative
    incompatible_with: Annotated[tuple[Requirement, ...], Entries()]
    requires: Annotated[tuple[Requirement, ...], Entries()]
    max_chain: Positive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What the expert costs."""

    latency_ms_overhead: Annotated[float, Range(low=0)]
    vram_mb_overhead: NotNegative
    supported_batch_sizes: Annotated[tuple[Positive, ...], Entries(low=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What a runtime needs to know."""

    candle_compatible: bool = True
    requires_kv_cache_persistence: bool = False
    attention_kernel: Literal["sdpa", "flash-v1", "flash-v2", "xformers", "vanilla"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limitation:
    """Something the expert does badly."""

    pattern: Words
    description: Words
    example: Words | None = None
    workaround: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where the expert's sources are."""

    type: Literal["git"]
    url: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrity:
    """The members of a package, manifest and signature apart."""

    algorithm: Literal["sha256"]
    files: Mapping[str, Digest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An expert: its name, its bases, how it is made and judged, and, once packed, what is inside."""

    name: ExpertName
    version: Version
    schema_version: Literal["2.0"]
    description: Words
    author: Words | None = None
    homepage: Words | None = None
    repository: Repository | None = None
    base_models: Annotated[tuple[BaseEntry, ...], Entries(low=1, key="name")]
    soft_prompts: Annotated[tuple[SoftPrompt, ...], Entries(key="name")] = ()
    capabilities: Annotated[tuple[Tag, ...], Entries(low=1)]
    """Free tags such as ``language:sql``."""
    routing: Routing | None = None
    constraints: Constraints
    perf: Performance
    runtime: Runtime | None = None
    training: Training
    evaluation: Evaluation
    license: Tag
    """An SPDX identifier."""
    limitations: tuple[Words | Limitation, ...] = ()
    tags: Tags = ()
    quality_metrics: QualityMetrics | None = None
    integrity: Integrity | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, metadata=UNREAD)
    """The JSON value it was read from, comments and order included; what is written back."""

    def base(self, name: str) -> BaseEntry | None:
        """The entry of a base model, if the expert is for it."""
        return next((entry for entry in self.base_models if entry.name == name), None)
