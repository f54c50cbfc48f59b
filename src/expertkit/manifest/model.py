"""The manifest as one frozen value: what an expert is, for which bases, and what is shipped. Schema 1.0 and 2.0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from expertkit.fields import NEEDED, UNREAD, Entries, Range, When
from expertkit.fields.rules import ObjectRule
from expertkit.manifest.kinds import (
    AdapterType,
    Alpha,
    BaseName,
    Digest,
    Dropout,
    ExpertName,
    NotNegative,
    Positive,
    PromptInit,
    PromptTemplate,
    PromptTokens,
    Quantization,
    Rank,
    RelativePath,
    Requirement,
    Share,
    Tag,
    Tags,
    TargetModules,
    Version,
    Words,
)
from expertkit.manifest.making import Evaluation, QualityMetrics, Training

_RANKED = ("lora", "dora", "lokr", "adalora")
_OF_MODULES = (*_RANKED, "osd", "ia3")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterEntry:
    """An adapter for one base; in a package, the one that is in it."""

    RULES: ClassVar[tuple[ObjectRule, ...]] = (
        When("type", _RANKED, needs=("r", "alpha")),
        When("type", ("osd",), needs=("r",)),
        When("type", ("ia3",), forbids=("r", "alpha")),
        When("type", _OF_MODULES, needs=("target_modules",), forbids=("tokens",)),
        When("type", ("prompt",), needs=("tokens",), forbids=("target_modules", "feedforward_modules", "r", "alpha")),
    )

    type: AdapterType
    target_modules: TargetModules | None = None
    feedforward_modules: TargetModules | None = None
    tokens: PromptTokens | None = None
    """How many a soft prompt puts before the text."""
    r: Rank | None = None
    alpha: Alpha | None = None
    scaling: Literal["default", "standard", "dora", "learned"] | None = None
    dropout: Dropout | None = None
    use_dora: bool | None = None
    path: RelativePath | None = None
    """Folder or file of the weights, from the expert's folder; by default weights/<base>."""
    checkpoint_step: NotNegative | None = None
    size_bytes: NotNegative | None = None
    sha256: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomTemplate:
    """The text around a question and its answer, where no template of a name fits."""

    begin: str = ""
    """Before the first turn; where it is not empty, one token of the base."""
    user: str
    """Before the question."""
    assistant: Words
    """Between the question with its context and the answer."""
    end: Words
    """After the answer; one token of the base."""
    between: str = ""
    """Between two turns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RopeScaling:
    """How positions beyond those of the base's training are reached."""

    type: Literal["ntk-by-parts", "yarn", "dynamic", "linear"]
    factor: Annotated[float, Range(low=1)]
    max_position_embeddings: Positive
    original_max_position_embeddings: Positive
    fine_grained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseModelEntry:
    """The base model of schema 1.0."""

    name: BaseName
    """Its name in params.yaml and configs/base_models/."""
    sha256: Digest | None = None
    """Its fingerprint."""
    quantization: Quantization | None = None
    rope_scaling: Literal["yarn-128k", "ntk-256k", "dynamic"] | RopeScaling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseEntry(BaseModelEntry):
    """A base model that the expert is for."""

    RULES: ClassVar[tuple[ObjectRule, ...]] = (When("prompt_template", ("custom",), needs=("custom_template",)),)

    prompt_template: PromptTemplate | None = None
    custom_template: CustomTemplate | None = None
    adapters: Annotated[tuple[AdapterEntry, ...], Entries(low=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftPrompt:
    """A soft prompt that comes with the expert."""

    name: Tag
    path: RelativePath
    tokens: PromptTokens
    init_method: PromptInit | None = None
    init_text: Words | None = None
    purpose: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """When to choose this expert."""

    keywords: Annotated[tuple[Words, ...], Entries(low=1)]
    exclude_keywords: Annotated[tuple[Words, ...], Entries()] = ()
    router_hint: Words | None = None
    priority: Share | None = None


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
    kv_cache: Literal["dynamic", "static", "offloaded", "quantized"] | None = None
    """The kind of cache of keys and values that serves it best, as transformers calls them; a hint."""
    attn_impl: Literal["eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention"] | None = None
    """The implementation of attention that serves it best, as transformers calls them; a hint."""
    max_experts: Annotated[int, Range(1, 10)] | None = None
    """How many experts, itself among them, it is good beside at one time; a hint."""


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

    algorithm: Literal["sha256"] | None = field(default=None, metadata=NEEDED)
    files: Mapping[str, Digest] | None = field(default=None, metadata=NEEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What manifests of both schemas say."""

    name: ExpertName
    version: Version
    description: Words
    author: Words | None = None
    homepage: Words | None = None
    repository: Repository | None = None
    soft_prompts: Annotated[tuple[SoftPrompt, ...], Entries(key="name")] = ()
    capabilities: Annotated[tuple[Tag, ...], Entries(low=1)]
    """Free tags such as ``language:sql``."""
    routing: Routing | None = None
    constraints: Constraints
    perf: Performance | None = field(default=None, metadata=NEEDED)
    runtime: Runtime | None = None
    training: Training
    evaluation: Evaluation | None = None
    license: Tag | None = field(default=None, metadata=NEEDED)
    """An SPDX identifier."""
    limitations: tuple[Words | Limitation, ...] = ()
    tags: Tags = ()
    quality_metrics: QualityMetrics | None = None
    integrity: Integrity | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, metadata=UNREAD)
    """The JSON value it was read from, comments and order included; what is written back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleManifest(Common):
    """A manifest of schema 1.0: an expert for one base model."""

    schema_version: Literal["1.0"] = "1.0"
    base_model: BaseModelEntry
    adapters: Annotated[tuple[AdapterEntry, ...], Entries(low=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiManifest(Common):
    """A manifest of schema 2.0: an expert for one or more base models."""

    schema_version: Literal["2.0"]
    base_models: Annotated[tuple[BaseEntry, ...], Entries(low=1, key="name")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Common):
    """An expert: its name, its bases, how it is made and judged, and, once packed, what is inside."""

    schema_version: Literal["1.0", "2.0"]
    """The schema that it was written in; read, both are the same."""
    base_models: Annotated[tuple[BaseEntry, ...], Entries(low=1, key="name")]

    @property
    def needed_files(self) -> dict[tuple[str, ...], str]:
        """The files without which the expert would answer otherwise, by the keys under which they are named."""
        decoding = self.training.decoding
        prompts = {("soft_prompts", str(at), "path"): prompt.path for at, prompt in enumerate(self.soft_prompts)}
        grammar = {("training", "decoding", "grammar_file"): decoding.grammar_file} if decoding else {}
        return {keys: name for keys, name in {**grammar, **prompts}.items() if name is not None}

    def base(self, name: str) -> BaseEntry | None:
        """The entry of a base model, if the expert is for it."""
        return next((entry for entry in self.base_models if entry.name == name), None)
