"""From what people wrote to recipes: params.yaml over named configs over manifests, or every problem at once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.errors import ConfigError, ManifestError, Problem
from expertkit.fields import Part, Place, miss, show
from expertkit.manifest import Manifest
from expertkit.recipes.base_models import BaseConfig, find_base_config
from expertkit.recipes.experts import expert_names, find_manifest
from expertkit.recipes.line import adapter_layer, line_template, weakest_layer
from expertkit.recipes.own_data import find_own_data
from expertkit.recipes.params import SECTIONS, Layer, Params, read_params, read_section, unread
from expertkit.recipes.recipe import OsdConfig, Previous, Recipe
from expertkit.recipes.releases import Released, check_promoted, find_releases
from expertkit.recipes.strict_yaml import load_file
from expertkit.recipes.train_config import TRAIN_RULES, TrainConfig

_PARAMS = str(layout.PARAMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sources:
    """Everything that was read, without what is missing or wrong."""

    params: Params
    manifests: Mapping[str, Manifest]
    weakest: Mapping[str, Layer]
    """What each manifest says for a recipe."""
    bases: Mapping[str, BaseConfig]
    configs: Mapping[str, Mapping[str, Any]]
    """Named training configs."""
    released: tuple[Released, ...]


def resolve(project: Path) -> tuple[Recipe, ...]:
    """One recipe per expert and base of params.yaml.

    Raises:
        ManifestError: manifests are wrong and nothing else is; all problems at once.
        ConfigError: anything else is wrong; all problems at once.
    """
    problems: list[Problem] = []
    of_manifests: list[Problem] = []
    params = read_params(project, problems)
    if params is None:
        at_root = (project / layout.PARAMS).exists()
        raise ConfigError(problems, hint=None if at_root else "start from the project's root")
    read = {manifest.name: (manifest, layer) for manifest, layer in _manifests(project, params, problems, of_manifests)}
    sources = _Sources(
        params=params,
        manifests={expert: manifest for expert, (manifest, _layer) in read.items()},
        weakest={expert: layer for expert, (_manifest, layer) in read.items()},
        bases=dict(_bases(project, params, problems)),
        configs=dict(_configs(project, params, problems)),
        released=find_releases(project, problems),
    )
    for check in (_check_bases, _check_keys, _check_previous, _check_complete, _check_together):
        check(sources, problems)
    if problems:
        raise ConfigError(list(dict.fromkeys(problems + of_manifests)))
    if of_manifests:
        raise ManifestError(of_manifests)
    return tuple(_recipe(sources, expert, base) for expert in params.experts for base in params.bases)


def _manifests(
    project: Path, params: Params, problems: list[Problem], of_manifests: list[Problem]
) -> Iterator[tuple[Manifest, Layer]]:
    for index, expert in enumerate(params.experts):
        folder = project / layout.EXPERTS / expert
        if not folder.is_dir():
            asked = Place(_PARAMS, problems, f"experts[{index}]")
            asked.wrong(f"a folder of {layout.EXPERTS}/", show(expert), known=expert_names(project), word=expert)
            continue
        manifest = find_manifest(folder, _manifest_file(expert), of_manifests)
        if manifest is not None:
            place = Place(_manifest_file(expert), of_manifests, is_json=True)
            layer = weakest_layer(manifest, place)
            own = find_own_data(project, manifest, place.at("training", "dataset"))
            yield manifest, {**layer, "data": {**layer["data"], "own": own}}


def _manifest_file(expert: str) -> str:
    return f"{layout.EXPERTS}/{expert}/manifest.json"


def _bases(project: Path, params: Params, problems: list[Problem]) -> Iterator[tuple[str, BaseConfig]]:
    for index, base in enumerate(params.bases):
        config = find_base_config(project, base, Place(_PARAMS, problems, f"bases[{index}]"))
        if config is not None:
            yield base, config


def _configs(project: Path, params: Params, problems: list[Problem]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every named training config that params.yaml mentions, whether a pair uses it or not."""
    known = sorted(path.stem for path in (project / layout.TRAINING).glob("*.yaml"))
    for where, name in params.config_names():
        if name not in known:
            asked = Place(_PARAMS, problems, where)
            asked.wrong(f"a file of {layout.TRAINING}/", show(name), known=known, word=name)
            continue
        place = Place(f"{layout.TRAINING}/{name}.yaml", problems)
        mark = place.mark()
        value = load_file(project / layout.TRAINING / f"{name}.yaml", place)
        if place.is_sound_since(mark):
            yield name, read_section(Part(TrainConfig), {} if value is None else value, place)


def _check_bases(sources: _Sources, problems: list[Problem]) -> None:
    """Note the bases that a manifest does not name."""
    for index, base in enumerate(sources.params.bases):
        for expert, manifest in sources.manifests.items():
            if manifest.base(base) is None:
                known = [entry.name for entry in manifest.base_models]
                asked = Place(_PARAMS, problems, f"bases[{index}]")
                asked.wrong(f"a base of {_manifest_file(expert)}", show(base), known=known, word=base)


def _check_keys(sources: _Sources, problems: list[Problem]) -> None:
    """Note the experts and pairs that would share one name."""
    pairs = [f"{expert}-{base}" for expert in sources.params.experts for base in sources.params.bases]
    names = Counter([*pairs, *sources.params.experts])
    for name in sorted(name for name, times in names.items() if times > 1):
        place = Place(_PARAMS, problems, "experts")
        place.wrong("a name of its own for every expert, and every pair of expert and base", f"{name} twice")


def _check_previous(sources: _Sources, problems: list[Problem]) -> None:
    check_promoted(sources.params.previous, sources.released, problems)


def _check_complete(sources: _Sources, problems: list[Problem]) -> None:
    """Note the keys that no layer gives."""
    for expert, base in itertools.product(sources.manifests, sources.params.bases):
        for section, values in _merged(sources, expert, base).items():
            miss(SECTIONS[section].kind, values, Place(_PARAMS, problems, f"defaults.{section}"))


def _check_together(sources: _Sources, problems: list[Problem]) -> None:
    """Note settings that do not go together, once each of them is right."""
    if not problems:
        for expert, base in itertools.product(sources.manifests, sources.params.bases):
            place = Place(f"the recipe of {expert}-{base}, from all its layers", problems)
            sections = _merged(sources, expert, base)
            for rule in TRAIN_RULES:
                rule.check(sections["train"], place.at("train"))
            _check_compression(sections["decompose"].get("osd"), sections["train"], place.at("decompose", "osd"))


def _check_compression(way: OsdConfig | None, train: Mapping[str, Any], place: Place) -> None:
    """Note a compression that what is trained cannot have."""
    if way is None:
        return
    if train["adapter_type"] not in {"lora", "dora"}:
        place.wrong(f"null with adapter_type {train['adapter_type']}, which has no singular vectors", "a compression")
    elif way.rank > train["rank"]:
        place.at("rank").wrong(f"at most {train['rank']}, the rank that is trained", str(way.rank))


def _merged(sources: _Sources, expert: str, base: str) -> dict[str, dict[str, Any]]:
    """What all layers say about a pair; a key of a stronger layer wins."""
    said = sources.params.layers(expert, base)
    entry = sources.manifests[expert].base(base)
    own = [adapter_layer(adapter) for adapter in (entry.adapters if entry else ())]
    stack = [*own, sources.weakest[expert], {"train": _named_config(sources, said)}, *said]
    return {
        section: {key: value for layer in stack for key, value in layer.get(section, {}).items() if key != "config"}
        for section in SECTIONS
    }


def _named_config(sources: _Sources, layers: Sequence[Layer]) -> Mapping[str, Any]:
    """What the named training config of a pair says; unread when there is no such config, empty when none is named."""
    names = [layer["train"]["config"] for layer in layers if "config" in layer.get("train", {})]
    return sources.configs.get(names[-1], unread(SECTIONS["train"])) if names else {}


def _recipe(sources: _Sources, expert: str, base: str) -> Recipe:
    manifest = sources.manifests[expert]
    entry = manifest.base(base)
    sections = _merged(sources, expert, base)
    sections["evaluate"]["previous"] = _previous(sources, manifest, base)
    return Recipe(
        expert=expert,
        version=manifest.version,
        base=base,
        prompt_template=line_template(manifest, base),
        custom_template=entry.custom_template if entry else None,
        base_model=sources.bases[base].model(),
        **{section: SECTIONS[section].kind(**values) for section, values in sections.items()},
    )


def _previous(sources: _Sources, manifest: Manifest, base: str) -> Previous | None:
    """The release for this base to compare with; none where it is the version that is being made."""
    version = sources.params.previous.get(manifest.name)
    about = (manifest.name, version, base)
    found = [each for each in sources.released if (each.expert, each.version, each.base) == about]
    if not found or version == manifest.version:
        return None
    return Previous(version=found[-1].version, content_digest=found[-1].content_digest)
