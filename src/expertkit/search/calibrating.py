"""The calibration of an adapter on items that it was trained on, made when a score first asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from expertkit import bases
from expertkit.adapters import Lora
from expertkit.data.items import data_folder, read_items
from expertkit.files import canonical_json, sha256_bytes, sha256_file
from expertkit.osd.calibration import Calibration, calibrated
from expertkit.osd.settings import Score
from expertkit.osd.source import Source
from expertkit.recipes import Recipe
from expertkit.sources import CODE, digest_sources

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from expertkit.training.rows import Row

_DECIDING = ("adapters", "data", "runtime", "training/rows.py")
"""The code that decides what is found."""


class Calibrating:
    """What a calibration adds to the sources of an adapter."""

    def __init__(self, project: Path, recipe: Recipe, adapter: Lora) -> None:
        """Nothing is loaded yet."""
        self._recipe, self._adapter = recipe, adapter
        self._items = data_folder(project, recipe.expert) / "train.jsonl"
        self._base, self._fingerprint = bases.require(recipe.base_model, project)

    @cached_property
    def digest(self) -> str:
        """Of the base, the items, how they are put, and the code that reads them."""
        said = self._recipe.to_json()
        about = [self._fingerprint, sha256_file(self._items), said["prompt_template"], said["custom_template"]]
        code = [digest_sources(CODE / name) for name in _DECIDING]
        return sha256_bytes(canonical_json([*about, self._recipe.search.calibration, code]))

    def __call__(self, score: Score, found: Mapping[str, Source]) -> Mapping[str, Source]:
        """The sources as a score needs them."""
        return calibrated(found, self._calibration, score)

    @cached_property
    def _calibration(self) -> Calibration:
        from expertkit.runtime.calibration import calibrate
        from expertkit.runtime.loading import load_base

        model, tokenizer = load_base(self._base)
        return calibrate(model, self._adapter, self._rows(tokenizer), base=self._recipe.base)

    def _rows(self, tokenizer: PreTrainedTokenizerBase) -> list[Row]:
        """The first items of the part train, of which the answers count."""
        from expertkit.data.prompt import Turn, completion, render
        from expertkit.data.templates import open_template
        from expertkit.training.rows import encode_row

        said = self._recipe
        template = open_template(said.prompt_template, tokenizer, own=said.custom_template, base=said.base)
        return [
            encode_row(
                tokenizer, prompt=render(template, Turn(question=item.question, context=item.context)),
                completion=completion(template, item.answer),
            )
            for item in islice(read_items(self._items), said.search.calibration)
        ]  # fmt: skip
