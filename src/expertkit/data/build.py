"""The stage ``data``: every part of an expert's data generated or collected, written and digested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.data.domain import domain
from expertkit.data.generated import generate_parts, write_trials
from expertkit.data.items import Item, write_items
from expertkit.errors import PackagingError
from expertkit.files import listing_digest, replace_folder, sha256_file, write_json
from expertkit.recipes import DataRecipe

_GRADED = ("dev", "test", "unseen")


def build_data(project: Path, recipe: DataRecipe) -> dict[str, Any]:
    """Write ``train``, ``dev``, ``test`` and ``unseen`` to ``build/data/<expert>/`` with what grading them needs.

    Args:
        project: root of the project.
        recipe: what the data is made of.

    Returns:
        What ``data.json`` holds.

    Raises:
        ConfigError: there are not so many different questions; or own data is not fit for use.
        FormatError, PackagingError: own data cannot be read.
    """
    with replace_folder(project / layout.DATA / recipe.expert) as folder:
        parts, about = make_parts(project, recipe)
        for part, items in parts.items():
            write_items(folder / f"{part}.jsonl", items)
        _write_trials(recipe, [item for part in _GRADED for item in parts[part]], folder / layout.TRIALS)
        summary = {
            "digest": _digest(folder),
            "domain": recipe.data.domain,
            "seed": recipe.data.seed,
            "counts": {part: len(items) for part, items in parts.items()},
            **about,
        }
        write_json(folder / layout.SUMMARY, summary)
    return summary


def make_parts(project: Path, recipe: DataRecipe) -> tuple[Mapping[str, Sequence[Item]], dict[str, Any]]:
    """The items of each part, and what there is to say of them; fails like ``build_data``."""
    if recipe.data.own is not None:
        from expertkit.data.own.collection import collect, to_json

        collected = collect(project, recipe.data, recipe.data.own, needs_json=recipe.grader == "json")
        forms = sorted({item.form for items in collected.parts.values() for item in items})
        return {**collected.parts, "unseen": ()}, {"forms": forms, "rows": to_json(collected.account)}
    if recipe.data.domain is None:
        raise PackagingError(f"{recipe.expert}: expected a generator or data of its own, got neither")
    source = domain(recipe.data.domain)
    return generate_parts(source, recipe.data, version=recipe.version), {"forms": list(source.FORMS)}


def _write_trials(recipe: DataRecipe, items: Sequence[Item], path: Path) -> None:
    """What answers are run on or with, where that is how they are judged."""
    trials = "".join(write_trials(domain(recipe.data.domain), items)) if recipe.data.domain else ""
    if trials:
        path.write_text(trials, encoding="utf-8")


def _digest(folder: Path) -> str:
    files = sorted(folder.iterdir())
    return listing_digest({path.name: (path.stat().st_size, sha256_file(path)) for path in files})
