"""A finished package asked again what its expert was asked at evaluation: the answers must be the recorded ones.

Compared are tokens. Sums depend on what is multiplied together, so what is asked again is asked as it was recorded: all
recorded questions in one batch, in their order, by the same template, by as many threads. Another kind of processor, or
another version of torch, may still round to another token where two are equally likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from expertkit import bases, layout, strict_json
from expertkit.data.templates import end_token, open_template
from expertkit.errors import IntegrityError, PackagingError
from expertkit.evaluation.recording import ask_together, decode_as
from expertkit.files import replace_folder, write_json
from expertkit.packages.names import RECIPE, REPLAY
from expertkit.packages.output import find_package, refuse
from expertkit.packages.packaged import Packaged, open_packaged
from expertkit.packages.report import Judged, read_refusal
from expertkit.recipes import Recipe
from expertkit.recipes.store import from_json
from expertkit.recorded import Recorded, parse_recorded
from expertkit.runtime.loading import attach, load_base


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A package that answered as recorded."""

    content_digest: str
    items: int
    """Answers that were compared."""
    recorded: int

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON values."""
        return asdict(self)

    def describe(self) -> str:
        """One line for a person."""
        return f"{self.items} of {self.items} answers are the recorded ones"


def replay(path: Path, *, folder: Path, count: int | None = None) -> Replayed:
    """Ask the expert in a package again, on the base in ``folder``.

    Args:
        path: the package; whether somebody vouches for it is not asked here.
        folder: the base model that it is for.
        count: answers to compare, the first ones; by default all.

    Raises:
        FormatError, ManifestError, IntegrityError: the package is not sound.
        PackagingError: it holds no recorded answers, or fewer.
        CompatibilityError: the base is another one, or the adapter does not fit it.
        IntegrityError: an answer is another one; all such answers are told.
    """
    packaged = open_packaged(path)
    recorded = _recorded(path, packaged, count=count)
    bases.require(packaged.base_model(folder), Path())
    recipe = _recipe(path, packaged)
    torch.set_num_threads(recipe.evaluate.threads)
    base, tokenizer = load_base(folder)
    template = open_template(recipe.prompt_template, tokenizer, own=recipe.custom_template, base=recipe.base)
    model = attach(base, packaged.adapter, base=recipe.base)
    decoding = decode_as(recipe, end=end_token(template, tokenizer))
    tokens = ask_together(model, tokenizer, recorded, template=template, decoding=decoding)
    compared = len(recorded) if count is None else count
    answers = tokenizer.batch_decode(tokens, skip_special_tokens=True)
    _compare(path, recorded[:compared], tokens[:compared], answers[:compared])
    return Replayed(content_digest=packaged.content_digest, items=compared, recorded=len(recorded))


def replay_stage(project: Path, recipe: Recipe, *, record_refusal: bool = False) -> Replayed | Judged:
    """Ask what stage ``sign`` left, or with ``record_refusal`` pass its refusal on; write ``build/replay/<key>/``.

    Raises:
        ExpertError: as ``replay``; or there is no package.
    """
    source, output = project / layout.SIGNED / recipe.key, project / layout.REPLAY / recipe.key
    refused = read_refusal(source)
    if refused is not None:
        return refuse(output, refused, record=record_refusal)
    package = find_package(source, hint=f"expert-cli sign --expert {recipe.expert} --base {recipe.base}")
    found = replay(package, folder=bases.locate(recipe.base_model, project))
    with replace_folder(output) as folder:
        write_json(folder / layout.REPLAYED, found.to_json())
    return found


def _recorded(path: Path, packaged: Packaged, *, count: int | None) -> tuple[Recorded, ...]:
    data = packaged.checked.contents.kept.get(REPLAY)
    if data is None:
        hint = "packages have them since evaluations record answers: make it again"
        raise PackagingError(f"{path}: expected recorded answers in {REPLAY}, got none", hint=hint)
    recorded = parse_recorded(data, file=f"{path}: {REPLAY}")
    if count is not None and count > len(recorded):
        raise PackagingError(f"{path}: expected {count} recorded answers, got {len(recorded)}")
    return recorded


def _recipe(path: Path, packaged: Packaged) -> Recipe:
    file = f"{path}: {RECIPE}"
    return from_json(Recipe, strict_json.loads(packaged.checked.contents.kept[RECIPE], file=file), file=file)


def _compare(
    path: Path, recorded: Sequence[Recorded], tokens: Sequence[Sequence[int]], answers: Sequence[str]
) -> None:  # fmt: skip
    wrong = [
        f"{path}, {was.id}: expected {was.answer!r}, got {answer!r}"
        for was, ids, answer in zip(recorded, tokens, answers, strict=True)
        if was.tokens != tuple(ids)
    ]
    if wrong:
        hint = "another kind of processor or version of torch may round differently; otherwise base or adapter changed"
        told = f"{path}: expected the recorded answers, got {len(wrong)} others of {len(recorded)}"
        raise IntegrityError(told, *wrong, hint=hint)
