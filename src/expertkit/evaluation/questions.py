"""Items of an expert put to one adapter after another, and whether each answer is right; what was asked is kept.

A search asks the dev items: the test items are the gate's.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from expertkit import bases, layout
from expertkit.adapters import Adapter, check_fit, encode_config, encode_tensors
from expertkit.data.items import data_folder, read_items
from expertkit.data.templates import end_token, open_template
from expertkit.errors import FormatError
from expertkit.evaluation.ambiguity import find_ambiguous
from expertkit.evaluation.arm import run_arm
from expertkit.evaluation.graders import open_grader
from expertkit.evaluation.recording import decode_as
from expertkit.files import canonical_json, read_json, sha256_bytes, write_json
from expertkit.recipes import Recipe
from expertkit.runtime.generation import answer_prompts
from expertkit.runtime.loading import attached, load_base
from expertkit.sources import CODE, digest_sources

if TYPE_CHECKING:
    from collections.abc import Callable

_DECIDING = ("adapters", "data", "evaluation", "runtime")
"""The code that decides an answer and whether it is right."""
_ASKED = ("grader", "max_new_tokens", "batch_size", "threads")
"""The settings of an evaluation that do; what the gate expects does not."""


class Questions:
    """Items of one split, and the base in memory."""

    def __init__(
        self, project: Path, recipe: Recipe, *, split: str, count: int, answered: Callable[[int], None]
    ) -> None:  # fmt: skip
        """Read base and items.

        Args:
            project: its data and bases.
            recipe: how is asked and graded.
            split: the items'.
            count: items at most, the first ones.
            answered: told how many answers came.

        Raises:
            CompatibilityError: the base is missing or another one.
            FormatError: no item can be judged.
            PackagingError: there is no data.
        """
        torch.set_num_threads(recipe.evaluate.threads)
        folder = data_folder(project, recipe.expert)
        base, fingerprint = bases.require(recipe.base_model, project)
        self._shapes = bases.linear_shapes(base)
        self._model, self._tokenizer = load_base(base)
        self._grader = open_grader(recipe.evaluate.grader, folder)
        self._template = open_template(
            recipe.prompt_template, self._tokenizer, own=recipe.custom_template, base=recipe.base
        )  # fmt: skip
        items = tuple(islice(read_items(folder / f"{split}.jsonl"), count))
        ambiguous = find_ambiguous(items, self._grader)
        self.items = tuple(item for item in items if item.id not in ambiguous)
        if not self.items:
            raise FormatError(f"{folder / split}.jsonl: expected items that can be judged, got none")
        self._recipe, self._answered, self._kept = recipe, answered, project / layout.TRIALS_DONE
        said = recipe.to_json()
        self._about = [
            fingerprint, read_json(folder / layout.SUMMARY)["digest"], [said["evaluate"][name] for name in _ASKED],
            recipe.prompt_template, said["custom_template"], split, count,
            [digest_sources(CODE / name) for name in _DECIDING],
        ]  # fmt: skip

    def right(self, adapter: Adapter) -> list[bool]:
        """Item by item, whether the answer is right by the grader's first metric; kept for the next time.

        Raises:
            CompatibilityError: the adapter does not fit the base.
        """
        told = [sha256_bytes(encode_tensors(adapter)), encode_config(adapter, base=self._recipe.base), *self._about]
        path = self._kept / f"{sha256_bytes(canonical_json(told))[:32]}.answers.json"
        if not path.is_file():
            write_json(path, {"right": self._ask(adapter)})
        found: list[bool] = read_json(path)["right"]
        return found

    def _ask(self, adapter: Adapter) -> list[bool]:
        check_fit(adapter, self._shapes, base=self._recipe.base)
        decoding = decode_as(self._recipe, end=end_token(self._template, self._tokenizer))
        with attached(self._model, adapter, base=self._recipe.base) as wrapped:
            answer = partial(answer_prompts, wrapped, self._tokenizer, decoding=decoding, answered=self._answered)
            arm = run_arm(self.items, answer, self._grader, template=self._template)
        return arm.right(self._grader.metrics[0])
