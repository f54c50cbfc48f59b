"""What the release line asks of a manifest beyond its schema, and what it takes from it into a recipe.

A manifest may say more than this line can do: other adapters, templates, trainers. What cannot be done is
refused here by name, never left out in silence.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import MISSING, fields
from typing import Any, cast, get_args, get_type_hints

from expertkit import layout
from expertkit.fields import Part, Place, describe, read_any, read_part, show
from expertkit.manifest import AdapterEntry, BaseEntry, Manifest
from expertkit.manifest.dataset import Dataset, Generation
from expertkit.recipes.recipe import Domain, Grader, PromptTemplate
from expertkit.recipes.train_config import TrainConfig


def line_template(manifest: Manifest, base: str) -> PromptTemplate:
    """How a question is put to a base; ``check_line`` has seen that the renderer knows it.

    A manifest of schema 1.0 does not say it, and is asked as ChatML.
    """
    entry = manifest.base(base)
    return cast("PromptTemplate", (entry and entry.prompt_template) or "chatml")


Layer = dict[str, dict[str, Any]]

_TRAINED = get_args(get_type_hints(TrainConfig)["adapter_type"])
_MAPPING = {"instruction": "question", "input": "context", "response": "answer"}
_COMPARING: tuple[Grader, ...] = ("exact", "json")
"""The graders that need nothing but the answer itself."""
_DESCRIBING = frozenset({"source", "sources"})
_OWN = _DESCRIBING | {
    "path", "type", "format", "field_mapping", "tasks", "streaming", "validation_path", "test_path", "validation",
    "max_in_memory_samples",
}  # fmt: skip
_ADAPTER = frozenset({"type", "target_modules", "feedforward_modules", "tokens", "r", "alpha", "scaling", "dropout"})
_GENERATED = _DESCRIBING | {"path", "type", "format", "generation", "field_mapping"}


def weakest_layer(manifest: Manifest, place: Place) -> Layer:
    """What the manifest says for a recipe: section -> key -> value, None for what the line cannot do."""
    generation, evaluation = manifest.training.dataset.generation, manifest.evaluation
    domain = None
    if generation is not None:
        domain = _asked(Domain, generation.domain, place.at("training", "dataset", "generation", "domain"))
    grader = _asked(Grader, evaluation and evaluation.grader, place.at("evaluation", "grader"))
    if generation is None and grader not in {None, *_COMPARING}:
        place.at("evaluation", "grader").wrong(f"one of {', '.join(_COMPARING)} for data of its own", show(grader))
    said = read_part(Part(TrainConfig), dict(manifest.training.config), place.at("training", "config"))
    return {"data": {"domain": domain}, "train": said, "evaluate": {"grader": grader}}


def adapter_layer(adapter: AdapterEntry) -> Layer:
    """What the entry of a base says of its adapter, which is weaker still: ``training.config`` is for all bases."""
    said = {
        "adapter_type": adapter.type, "rank": adapter.r, "alpha": adapter.alpha, "dropout": adapter.dropout,
        "target_modules": adapter.target_modules, "feedforward_modules": adapter.feedforward_modules or None,
        "prompt_tokens": adapter.tokens,
    }  # fmt: skip
    return {"train": {key: value for key, value in said.items() if value is not None}}


def check_line(manifest: Manifest, place: Place) -> None:
    """Note what the line cannot do or has no use for, apart from what ``weakest_layer`` notes."""
    _check_unmade(manifest, place)
    dataset, at = manifest.training.dataset, place.at("training", "dataset")
    if dataset.generation is None:
        _check_own_data(dataset, at)
    else:
        _check_generated_data(manifest.name, dataset, dataset.generation, at)
    if manifest.soft_prompts:
        wanted = 'none beside an adapter: a soft prompt is an adapter of type "prompt", trained by itself'
        place.at("soft_prompts").wrong(wanted, show(manifest.soft_prompts[0].name))
    if manifest.training.packaging_checkpoint not in {None, "final"}:
        said = show(manifest.training.packaging_checkpoint)
        place.at("training", "packaging_checkpoint").wrong('"final", which is what is evaluated', said)
    is_single = manifest.schema_version == "1.0"
    for index, entry in enumerate(manifest.base_models):
        at = place if is_single else place.at("base_models").entry(index)
        if not is_single:
            _asked(PromptTemplate, entry.prompt_template, at.at("prompt_template"))
        _check_unused(entry, _used(entry), at.at("base_model") if is_single else at)
        if len(entry.adapters) > 1:
            at.at("adapters").wrong("one adapter", str(len(entry.adapters)))
        for number, adapter in enumerate(entry.adapters):
            _check_adapter(adapter, at.at("adapters").entry(number))


def _used(entry: BaseEntry) -> set[str]:
    """The keys of a base that the line reads; a template of its own only where that is asked for."""
    own = {"custom_template"} if entry.prompt_template == "custom" else set()
    return {"name", "prompt_template", "adapters"} | own


def _check_adapter(adapter: AdapterEntry, place: Place) -> None:
    if adapter.type not in _TRAINED:
        place.at("type").wrong(f"one of {', '.join(_TRAINED)}, which are what is trained", show(adapter.type))
    if adapter.scaling not in {None, "default", "standard"}:
        place.at("scaling").wrong('"standard", alpha / r', show(adapter.scaling))
    _check_unused(adapter, _ADAPTER, place)


def _check_generated_data(expert: str, dataset: Dataset, generation: Generation, place: Place) -> None:
    known = {"path": str(layout.DATA / expert), "type": "single", "format": "jsonl"}
    for key, only in known.items():
        if getattr(dataset, key) not in {None, only}:
            place.at(key).wrong(show(only), show(getattr(dataset, key)))
    if dataset.field_mapping and dataset.field_mapping != _MAPPING:
        place.at("field_mapping").wrong(show(_MAPPING), show(dict(dataset.field_mapping)))
    _check_unused(generation, {"domain"}, place.at("generation"))
    _check_unused(dataset, _GENERATED, place)


def _check_own_data(dataset: Dataset, place: Place) -> None:
    """Note what cannot be; whether the files are there is seen by who knows the project."""
    if dataset.type == "multi_task":
        _check_unused(dataset, _OWN - {"path", "format", "validation_path", "test_path"}, place)
        return
    if dataset.tasks:
        place.at("type").wrong('"multi_task", as there are tasks', show(dataset.type))
    if dataset.path is None:
        place.at("path").wrong("a file, a folder or a data set on the hub; or a generation", "nothing")
    if dataset.max_in_memory_samples is not None and not dataset.streaming:
        place.at("max_in_memory_samples").wrong("streaming with it", show(dataset.max_in_memory_samples))
    _check_unused(dataset, _OWN - {"tasks"}, place)


def _check_unmade(manifest: Manifest, place: Place) -> None:
    """Note what is not known before an expert is made, and written by ``package`` then."""
    for key in ("quality_metrics", "integrity"):
        if getattr(manifest, key) is not None:
            place.at(key).wrong("nothing before it is packed", "a value")
    for key in ("trained_on", "base_model_version", "checkpoint", "quality_score"):
        if getattr(manifest.training, key) is not None:
            place.at("training", key).wrong("nothing before it is trained", show(getattr(manifest.training, key)))


def _check_unused(value: Any, used: Container[str], place: Place) -> None:
    """Note every field that says something and is not used."""
    for field in fields(value):
        said = getattr(value, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if field.name not in used and said != default:
            place.at(field.name).wrong("nothing, as the line has no use for it", show(said))


def _asked(kind: Any, value: object, place: Place) -> Any:
    """A value that the line needs, or None when it is missing or nothing the line knows."""
    if value is not None:
        return read_any(kind, value, place)
    place.wrong(describe(kind), "nothing")
    return None
