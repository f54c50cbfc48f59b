"""What the release line asks of a manifest beyond its schema, and what it takes from it into a recipe.

A manifest may say more than this line can do: other adapters, templates, trainers. What cannot be done is
refused here by name, never left out in silence.
"""

from __future__ import annotations

from typing import Any, cast

from expertkit import layout
from expertkit.fields import Part, Place, describe, read_any, read_part, show
from expertkit.manifest import Manifest
from expertkit.recipes.recipe import Domain, Grader, PromptTemplate
from expertkit.recipes.train_config import TrainConfig


def line_template(manifest: Manifest, base: str) -> PromptTemplate:
    """How a question is put to a base; ``check_line`` has seen that the renderer knows it.

    A manifest of schema 1.0 does not say it, and is asked as ChatML.
    """
    named = next(entry.prompt_template for entry in manifest.base_models if entry.name == base)
    return cast("PromptTemplate", named or "chatml")


Layer = dict[str, dict[str, Any]]


def weakest_layer(manifest: Manifest, place: Place) -> Layer:
    """What the manifest says for a recipe: section -> key -> value, None for what the line cannot do."""
    dataset, at = manifest.training.dataset, place.at("training", "dataset")
    wanted = str(layout.DATA / manifest.name)
    if dataset.path != wanted:
        at.at("path").wrong(f"{wanted}, where its data is built", show(dataset.path))
    generation, evaluation = dataset.generation, manifest.evaluation
    domain = _asked(Domain, generation and generation.domain, at.at("generation", "domain"))
    grader = _asked(Grader, evaluation and evaluation.grader, place.at("evaluation", "grader"))
    said = read_part(Part(TrainConfig), dict(manifest.training.config), place.at("training", "config"))
    return {"data": {"domain": domain}, "train": said, "evaluate": {"grader": grader}}


def check_line(manifest: Manifest, place: Place) -> None:
    """Note what the line cannot do, apart from what ``weakest_layer`` notes."""
    if manifest.soft_prompts:
        place.at("soft_prompts").wrong("none: only adapters are made", show(manifest.soft_prompts[0].name))
    if manifest.training.packaging_checkpoint not in {None, "final"}:
        said = show(manifest.training.packaging_checkpoint)
        place.at("training", "packaging_checkpoint").wrong('"final", which is what is evaluated', said)
    is_single = manifest.schema_version == "1.0"
    for index, entry in enumerate(manifest.base_models):
        at = place if is_single else place.at("base_models").entry(index)
        if not is_single:
            _asked(PromptTemplate, entry.prompt_template, at.at("prompt_template"))
        if len(entry.adapters) > 1:
            at.at("adapters").wrong("one adapter", str(len(entry.adapters)))
        for number, adapter in enumerate(entry.adapters):
            if adapter.type != "lora":
                at.at("adapters").entry(number).at("type").wrong('"lora", which is what is trained', show(adapter.type))


def _asked(kind: Any, value: object, place: Place) -> Any:
    """A value that the line needs, or None when it is missing or nothing the line knows."""
    if value is not None:
        return read_any(kind, value, place)
    place.wrong(describe(kind), "nothing")
    return None
