"""Generated data: the parts that a domain's generator makes for a recipe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from expertkit import layout
from expertkit.data.domain import Domain
from expertkit.data.items import Item
from expertkit.data.split import Part
from expertkit.errors import ConfigError, Problem
from expertkit.recipes import DataConfig


def generate_parts(source: Domain, config: DataConfig, *, version: str) -> dict[str, list[Item]]:
    """The items of train, dev, test and unseen.

    Args:
        source: the generator.
        config: seed and sizes.
        version: of the expert; another one has other test items, so that none is chosen by what it is judged by.

    Raises:
        ConfigError: there are not so many different questions.
    """
    judging = exam_seed(config.seed, version)
    asked: Mapping[str, tuple[Part, int, int]] = {
        "train": ("train", config.train, config.seed),
        "dev": ("dev", config.dev, config.seed),
        "test": ("test", config.test, judging),
        "unseen": ("test", config.unseen, judging),
    }
    parts: dict[str, list[Item]] = {}
    for name, (part, count, seed) in asked.items():
        try:
            parts[name] = list(source.generate(part, count=count, seed=seed, unseen=name == "unseen"))
        except ValueError as error:
            wanted = Problem(
                file=str(layout.PARAMS), place=f"defaults.data.{name}", expected="fewer items", got=f"{count}: {error}"
            )
            raise ConfigError([wanted]) from error
    return parts


def exam_seed(seed: int, version: str) -> int:
    """The seed of a version's test items, 0 to 2^32 - 1."""
    return int.from_bytes(hashlib.sha256(f"exam {seed} {version}".encode()).digest()[:4])


def write_trials(source: Domain, items: Sequence[Item]) -> Iterator[str]:
    """What answers to each item are run on or with, a line each, for domains whose answers are run."""
    for item in items:
        if scripts := source.trials(item):
            yield json.dumps({"id": item.id, "scripts": scripts}) + "\n"
