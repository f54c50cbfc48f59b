"""The resolved recipe: everything the stages need to know about one expert on one base, as a value."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from expertkit.bases import BaseModel
from expertkit.containers.settings import LEVELS, Codec
from expertkit.fields import Entries, OneOf, Range, When
from expertkit.fields.rules import ObjectRule
from expertkit.files import canonical_json, sha256_bytes
from expertkit.manifest import CustomTemplate
from expertkit.manifest.kinds import Digest, ExpertName, NotNegative, Positive, Rank, Seed, Share, Threads, Version
from expertkit.osd import settings as osd
from expertkit.recipes.own_data import OwnData
from expertkit.recipes.train_config import TrainConfig

if TYPE_CHECKING:
    from expertkit.osd.point import Point

Domain = Literal["sql", "json", "cypher", "typescript"]
"""The generators that data can come from."""
Grader = Literal["sql", "json", "cypher", "typescript", "exact"]
"""What can decide that an answer is right."""
PromptTemplate = Literal[
    "alpaca", "chatml", "custom", "deepseek", "gemma", "llama2", "llama3", "mistral", "phi", "qwen3", "tokenizer"
]
"""The prompt templates that the renderer knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """What the data of an expert is made of, the same for every base."""

    domain: Domain | None
    """The generator, where the manifest names one."""
    own: OwnData | None
    """The data that the expert brings instead."""
    seed: Seed
    """Seed of the generator; of own data, of the choice where there is more than is asked for."""
    train: Positive
    """Items to learn from; of own data, and so for each part, the most that are used."""
    dev: Positive
    """Items on which the base's best prompt is chosen."""
    test: Positive
    """Items that decide the verdict; where they are generated, anew for each version of the expert."""
    unseen: NotNegative
    """Items made of names that training never shows; a figure of their own. None of own data."""
    max_bad_share: Share
    """Rows of own data that may be unusable, as a share of all; more stop the run."""
    similarity: Share
    """From where on two rows of own data are the same: shared runs of five characters, as a share of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OsdConfig:
    """One way to compress an adapter (docs/osd.md), and how far."""

    rank: Rank
    """Components to keep, at most the trained rank."""
    codec: osd.Codec
    """f32, f16 or int8 for what a mask keeps, or rdq: numbers quantised with one step and entropy coded."""
    density: Share | None = None
    """Share of the entries that the mask keeps; not with rdq."""
    bits_per_parameter: Annotated[float, Range(above=0, high=64)] | None = None
    """Size of the file, for each number of the trained factors."""
    score: Literal["mag", "fro"] | None = None
    """What an entry is worth to a mask, by default fro; scores that need a calibration are for a search."""
    indices: osd.Indices | None = None
    """How it is written which entries a mask keeps, by default auto."""
    alpha: Share | None = None
    """Weight of the masked update against the whole one, which is kept too where it is below 1; by default 1."""

    RULES: ClassVar[tuple[ObjectRule, ...]] = (
        OneOf("density", "bits_per_parameter"),
        When("codec", ("rdq",), forbids=("density", "score", "indices", "alpha")),
    )
    """Its size is said in one way, and rdq has no mask."""

    def point(self) -> Point:
        """The same as the code that compresses takes it."""
        from expertkit.osd.point import Point

        settings = osd.Settings(
            rank=self.rank, codec=self.codec, density=1.0 if self.density is None else self.density,
            score=self.score or "fro", indices=self.indices or "auto", alpha=1.0 if self.alpha is None else self.alpha,
        )  # fmt: skip
        return Point(settings=settings, bits=self.bits_per_parameter)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecomposeConfig:
    """How the trained update is written."""

    dtype: Literal["float32", "float16", "bfloat16"]
    """The numbers of the shipped adapter, where it is not compressed."""
    osd: OsdConfig | None = None
    """A way to compress it, whatever a search finds; null to ask the search, if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """What is tried to make an adapter small, and when it is still as good."""

    enabled: bool = False
    """Whether anything is tried; otherwise the adapter is shipped whole."""
    ranks: tuple[Rank, ...] = (8, 12, 16, 24, 32)
    """Numbers of components."""
    codecs: Annotated[tuple[osd.Codec, ...], Entries(low=1)] = ("f16", "int8", "rdq")
    """How numbers are written."""
    scores: Annotated[tuple[osd.Score, ...], Entries(low=1)] = ("fro",)
    """What an entry of a factor is worth to a mask; of rdq, fro has one step for all, fisher one for each component."""
    kept: tuple[Share, ...] = (0.2, 0.4, 0.6)
    """Shares of the entries that masks keep."""
    dropped: tuple[Share, ...] = ()
    """The same, said as the shares that they drop."""
    bits: tuple[Annotated[float, Range(above=0, high=64)], ...] = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
    """Of rdq: sizes of the file, in bits for each number of the trained factors."""
    points: Annotated[int, Range(1, 12)] = 5
    """Points of the fronts, of fewest bytes against error, that are asked the dev items at most."""
    items: Positive = 300
    """Dev items that they are asked, at most."""
    tolerance: Annotated[float, Range(above=0, high=1)] = 0.02
    """How much lower its share of right answers may be than that of the whole adapter, with 95 % confidence."""
    calibration: Annotated[int, Range(1, 128)] = 64
    """Training items that the scores taylor, fisher and act are calibrated on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """The release that an expert must not be worse than."""

    version: Version
    """As it stands in the list of releases."""
    content_digest: Digest
    """Of its package for the same base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplesConfig:
    """How several answers to each test item are drawn."""

    count: Annotated[int, Range(1, 64)]
    """Answers to each item."""
    temperature: Annotated[float, Range(high=2, above=0)]
    """Above 1 answers vary more, towards 0 they become the likeliest one."""
    top_p: Annotated[float, Range(high=1, above=0)]
    """Drawn from are the likeliest tokens that together reach this probability."""
    seed: Seed
    """Decides every draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateConfig:
    """How base and expert are compared, and what an expert has to reach."""

    grader: Grader
    """What decides that an answer is right; the manifest names it."""
    min_accuracy: Annotated[float, Range(0, 1)]
    """Least share of right answers on the test items."""
    max_p: Annotated[float, Range(0, 1)]
    """Largest p-value of the paired comparison with the base."""
    margin: Annotated[float, Range(above=0, high=1)]
    """How much worse than the previous release it may at most be, in shares of right answers, with 95 % confidence."""
    max_forgetting: Annotated[float, Range(low=0)]
    """By how much the loss on the base's own text may grow under the expert, in nats per token."""
    shots: Annotated[tuple[Annotated[int, Range(0, 64)], ...], Entries(low=1)]
    """Numbers of worked examples to try in the base's prompt; the best on dev is used."""
    max_new_tokens: Annotated[int, Range(1, 8192)]
    """Tokens of an answer before it is cut."""
    batch_size: Positive
    """Questions answered side by side."""
    threads: Threads
    """CPU threads."""
    previous: Previous | None = None
    """The release to compare with, from ``previous`` of params.yaml; none where there is none for this base."""
    samples: SamplesConfig | None = None
    """{count, temperature, top_p, seed}: the expert's answers drawn so often, a figure of their own; null for none."""
    constrained: bool = False
    """Whether the expert is also asked held to its grammar, a figure of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageConfig:
    """What goes into the package beyond the necessary, and its form."""

    include_tests: bool
    """Whether the expert's tests/ travel with it."""
    format: Literal["binary", "archive"]
    """The form of the package: a container (format.md), or a tar.gz (packaging.md)."""
    codec: Codec
    """Of a container: how its sections are stored. With auto each as what saves a tenth of it, or as it is."""
    compression_level: Annotated[int, Range(*LEVELS)]
    """Of a container: how hard zstd tries."""
    alignment: Literal[64, 4096]
    """Of a container: bytes that sections begin at a multiple of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignConfig:
    """What a signature says."""

    valid_days: Annotated[int, Range(1, 3650)]
    """Days until the signature expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRecipe:
    """The part of a recipe that the data of an expert is built from."""

    recipe: Literal[1] = 1
    """Version of this layout."""
    expert: ExpertName
    version: Version
    """The expert's version: each has test items of its own."""
    grader: Grader
    """What will judge the answers, and so what an item has to be."""
    data: DataConfig

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One expert on one base."""

    recipe: Literal[1] = 1
    """Version of this layout."""
    expert: ExpertName
    version: Version
    """The expert's version, from its manifest."""
    base: str
    prompt_template: PromptTemplate
    """How a question is put to this base, from the manifest."""
    custom_template: CustomTemplate | None = None
    """The manifest's own, where the template is custom."""
    base_model: BaseModel
    data: DataConfig
    train: TrainConfig
    decompose: DecomposeConfig
    evaluate: EvaluateConfig
    package: PackageConfig
    sign: SignConfig
    search: SearchConfig = field(default_factory=SearchConfig)

    @property
    def key(self) -> str:
        """The name of this pair in stages and folders: ``<expert>-<base>``."""
        return f"{self.expert}-{self.base}"

    @property
    def digest(self) -> str:
        """Digest of what decides the trained adapter: data, training, base and prompt."""
        deciding = ("data", "train", "base_model", "prompt_template", "custom_template")
        return sha256_bytes(canonical_json({name: self.to_json()[name] for name in deciding}))

    def data_recipe(self) -> DataRecipe:
        """The part that the expert's data is built from."""
        return DataRecipe(expert=self.expert, version=self.version, grader=self.evaluate.grader, data=self.data)

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON values; ``from_json`` gives the same recipe back."""
        return asdict(self)
