"""params.yaml: which experts and bases are released, and the knobs turned for them.

A layer is what one place says about the sections of a recipe: section -> key -> value. What is wrong,
misspelt or unreadable stands in a layer as None, so that it is not missed as well; the problems tell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from expertkit import layout
from expertkit.errors import Problem, nearest
from expertkit.fields import Entries, Part, Place, Text, miss, read_part, show
from expertkit.fields import known as known_keys
from expertkit.manifest.kinds import BaseName, ExpertName, Version
from expertkit.recipes.base_models import base_names
from expertkit.recipes.experts import expert_names
from expertkit.recipes.nights import NightlyConfig
from expertkit.recipes.recipe import (
    DataConfig,
    DecomposeConfig,
    EvaluateConfig,
    PackageConfig,
    SearchConfig,
    SignConfig,
)
from expertkit.recipes.strict_yaml import load_file
from expertkit.recipes.train_config import TrainConfig

Layer = Mapping[str, Mapping[str, Any]]
ConfigName = Annotated[str, Text(r"[a-z0-9]+([._-][a-z0-9]+)*", "the name of a file of configs/training/")]

SECTIONS: dict[str, Part] = {
    "data": Part(DataConfig, without=frozenset({"domain", "own"})),
    "train": Part(TrainConfig, also={"config": ConfigName}),
    "search": Part(SearchConfig),
    "decompose": Part(DecomposeConfig),
    "evaluate": Part(EvaluateConfig, without=frozenset({"grader", "previous"})),
    "package": Part(PackageConfig),
    "sign": Part(SignConfig),
}
"""The sections of a recipe, and what params.yaml may say in each."""

PAIR_SECTIONS = {name: part for name, part in SECTIONS.items() if name != "data"}
"""The sections that may differ from base to base; data is made once for an expert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamsFile:
    """The keys of params.yaml."""

    experts: Annotated[tuple[ExpertName, ...], Entries(low=1)]
    """What to release; folders of experts/."""
    bases: Annotated[tuple[BaseName, ...], Entries(low=1)]
    """The base models to release each expert for; files of configs/base_models/."""
    defaults: Mapping[str, Any]
    """Section -> key -> value, for every expert and base."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Expert -> section, or expert -> base -> section: what differs."""
    previous: Mapping[str, Version | None] = field(default_factory=dict)
    """Expert -> the version of it that is the released one, which a new one must not be worse than; or null."""
    nightly: NightlyConfig | None = None
    """What a night asks of the packages there are; None where there are no nights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """params.yaml, as far as it could be read."""

    experts: tuple[str, ...]
    bases: tuple[str, ...]
    defaults: Layer
    overrides: Mapping[tuple[str, str | None], Layer]
    """Layers of an expert (None as its base), and of an expert on a base."""
    previous: Mapping[str, str]
    """The released version of an expert to compare with."""
    nightly: NightlyConfig | None

    def layers(self, expert: str, base: str) -> tuple[Layer, ...]:
        """What params.yaml says about one pair, the weakest first."""
        return (self.defaults, self.overrides.get((expert, None), {}), self.overrides.get((expert, base), {}))

    def config_names(self) -> Iterator[tuple[str, str]]:
        """Every named training config that is mentioned, after the place that mentions it."""
        places = {"defaults": self.defaults}
        places |= {".".join(["overrides", *filter(None, pair)]): layer for pair, layer in self.overrides.items()}
        for place, layer in places.items():
            if name := layer.get("train", {}).get("config"):
                yield f"{place}.train.config", name


def read_params(project: Path, problems: list[Problem]) -> Params | None:
    """What params.yaml says, or None when it cannot be read at all; problems are added either way."""
    place = Place(str(layout.PARAMS), problems)
    value = load_file(project / layout.PARAMS, place)
    if not isinstance(value, dict):
        if not problems:
            place.wrong("a mapping", show(value))
        return None
    top = read_part(Part(ParamsFile), value, place)
    miss(ParamsFile, top, place)
    experts, bases = expert_names(project), {*base_names(project), *(top.get("bases") or ())}
    overrides = _read_overrides(top.get("overrides") or {}, place.at("overrides"), experts=experts, bases=bases)
    return Params(
        experts=_usable(top.get("experts"), value.get("experts"), known=experts),
        bases=_usable(top.get("bases"), value.get("bases"), known=bases),
        defaults=_unread_layer() if top.get("defaults") is None else _read_defaults(top["defaults"], place),
        overrides=dict(overrides),
        previous=_read_previous(top.get("previous") or {}, place.at("previous"), experts=experts),
        nightly=top.get("nightly"),
    )


def read_section(part: Part, value: object, place: Place) -> dict[str, Any]:
    """The keys of a section; one that is no mapping is unread."""
    if isinstance(value, dict):
        return read_part(part, value, place)
    place.wrong("a mapping", show(value))
    return unread(part)


def unread(part: Part) -> dict[str, Any]:
    """What stands for a section that cannot be read: every key of it, wrong."""
    return dict.fromkeys(known_keys(part))


def _usable(read: tuple[str, ...] | None, written: object, *, known: Collection[str]) -> tuple[str, ...]:
    """The names of a list, or those that exist when the list has a problem, so that these are checked as well."""
    if read is not None or not isinstance(written, list):
        return read or ()
    return tuple(dict.fromkeys(name for name in written if isinstance(name, str) and name in known))


def _read_overrides(
    value: Mapping[str, Any], place: Place, *, experts: Collection[str], bases: Collection[str]
) -> Iterator[tuple[tuple[str, str | None], Layer]]:
    for expert, said in value.items():
        at = place.at(expert)
        _check_expert(expert, experts, at)
        yield (expert, None), _read_layer(said, at, sections=SECTIONS, others=bases)
        named = [key for key in said if key in bases] if isinstance(said, dict) else []
        for base in named:
            yield (expert, base), _read_layer(said[base], at.at(base), sections=PAIR_SECTIONS)


def _read_previous(value: Mapping[str, str | None], place: Place, *, experts: Collection[str]) -> Mapping[str, str]:
    for expert in value:
        _check_expert(expert, experts, place.at(expert))
    return {expert: version for expert, version in value.items() if version is not None and expert in experts}


def _read_layer(
    value: object, place: Place, *, sections: Mapping[str, Part], others: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """The sections of a mapping; ``others`` are keys beside them that are read elsewhere."""
    if not isinstance(value, dict):
        place.wrong("a mapping", show(value))
        return {}
    known = {*sections, *others}
    unknown = [key for key in value if key not in known]
    for key in unknown:
        place.at(key).wrong("a known key", show(key), known=known, word=key)
    guesses = [guess for key in unknown if (guess := nearest(key, known))]
    meant = {guess: unread(sections[guess]) for guess in guesses if guess in sections}
    return meant | {key: read_section(sections[key], value[key], place.at(key)) for key in sections if key in value}


def _read_defaults(value: object, place: Place) -> Layer:
    return _read_layer(value, place.at("defaults"), sections=SECTIONS)


def _unread_layer() -> Layer:
    return {name: unread(part) for name, part in SECTIONS.items()}


def _check_expert(name: str, known: Collection[str], place: Place) -> None:
    if name not in known:
        place.wrong("an expert of experts/", show(name), known=known, word=name)
