"""The stage ``data``: every part of an expert's data generated, written and digested."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.data.domain import Domain, domain
from expertkit.data.items import Item, write_items
from expertkit.data.split import Part
from expertkit.errors import ConfigError, Problem
from expertkit.files import listing_digest, replace_folder, required, sha256_file, write_json
from expertkit.recipes import DataConfig

_GRADED = ("dev", "test", "unseen")


def build_data(config: DataConfig, target: Path) -> dict[str, Any]:
    """Write ``train``, ``dev``, ``test`` and ``unseen`` with what grading them needs; give ``data.json``.

    Args:
        config: domain, seed and sizes.
        target: the folder that is replaced.

    Raises:
        ConfigError: there are not so many different questions.
    """
    source = domain(config.domain)
    with replace_folder(target) as folder:
        parts = _generate(source, config)
        for part, items in parts.items():
            write_items(folder / f"{part}.jsonl", items)
        write_trials(source, [item for part in _GRADED for item in parts[part]], folder / layout.TRIALS)
        summary = {
            "digest": _digest(folder),
            "domain": config.domain,
            "seed": config.seed,
            "counts": {part: len(items) for part, items in parts.items()},
            "forms": list(source.FORMS),
        }
        write_json(folder / layout.SUMMARY, summary)
    return summary


def data_folder(project: Path, expert: str) -> Path:
    """Where an expert's data lies.

    Raises:
        PackagingError: it was not built.
    """
    folder = project / layout.DATA / expert
    required(folder / layout.SUMMARY, hint=f"expert-cli data build --expert {expert}")
    return folder


def _generate(source: Domain, config: DataConfig) -> dict[str, list[Item]]:
    parts: dict[str, list[Item]] = {}
    for name, count in {"train": config.train, "dev": config.dev, "test": config.test, "unseen": config.unseen}.items():
        is_unseen = name == "unseen"
        part: Part = "test" if is_unseen else name  # type: ignore[assignment]  # the other names are parts
        try:
            parts[name] = list(source.generate(part, count=count, seed=config.seed, unseen=is_unseen))
        except ValueError as error:
            wanted = Problem(
                file=str(layout.PARAMS), place=f"defaults.data.{name}", expected="fewer items", got=f"{count}: {error}"
            )
            raise ConfigError([wanted]) from error
    return parts


def write_trials(source: Domain, items: Sequence[Item], path: Path) -> None:
    """What answers to each graded item are run on or with, for domains whose answers are run."""

    def lines() -> Iterator[str]:
        for item in items:
            if scripts := source.trials(item):
                yield json.dumps({"id": item.id, "scripts": scripts}) + "\n"

    written = "".join(lines())
    if written:
        path.write_text(written, encoding="utf-8")


def _digest(folder: Path) -> str:
    files = sorted(folder.iterdir())
    return listing_digest({path.name: (path.stat().st_size, sha256_file(path)) for path in files})
