"""What is checked and made before anything is computed; nothing heavy is imported for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from expertkit import bases, layout
from expertkit.errors import ConfigError, ExpertError, Problem
from expertkit.fields import Place
from expertkit.packages.signing import sign
from expertkit.recipes import Recipe, are_written, resolve
from expertkit.recipes.base_models import read_base_config
from expertkit.recipes.nights import NightlyConfig
from expertkit.recipes.params import read_params
from expertkit.search.lineup import Lineup, line_up
from tasks import dvc


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be released: every expert for every base."""

    experts: tuple[str, ...]
    bases: tuple[str, ...]
    unexaminable: tuple[str, ...]
    """Experts that bring their own data: nobody can make fresh questions for them."""


def plan(recipes: Sequence[Recipe]) -> Plan:
    """What recipes ask for."""
    return Plan(
        experts=tuple(dict.fromkeys(recipe.expert for recipe in recipes)),
        bases=tuple(dict.fromkeys(recipe.base for recipe in recipes)),
        unexaminable=tuple(dict.fromkeys(recipe.expert for recipe in recipes if recipe.data.own)),
    )


def night_config() -> NightlyConfig:
    """What params.yaml says of nights.

    Raises:
        ConfigError: params.yaml is wrong, or says nothing of them.
    """
    problems: list[Problem] = []
    params = read_params(Path(), problems)
    if params is None or problems:
        raise ConfigError(problems)
    if params.nightly is None:
        Place(str(layout.PARAMS), problems, "nightly").wrong("items and alpha, such as 200 and 0.001", "nothing")
        raise ConfigError(problems)
    return params.nightly


def searchable(
    recipes: Sequence[Recipe], *, grid: str, experts: Sequence[str] = (), bases: Sequence[str] = ()
) -> Lineup:
    """The searches of a grid, one for each trained adapter.

    Args:
        recipes: those that params.yaml asks for.
        grid: a file of configs/search/.
        experts: of params.yaml; all where none is named.
        bases: of params.yaml; all where none is named.

    Raises:
        ConfigError: an expert or a base is none of params.yaml, or the grid is wrong.
        PackagingError: no adapter is trained that can be compressed.
        FormatError: one is malformed.
    """
    known, problems = plan(recipes), list[Problem]()
    _check_named("--expert", experts, known.experts, problems)
    _check_named("--base", bases, known.bases, problems)
    if problems:
        raise ConfigError(problems)
    experts, bases = experts or known.experts, bases or known.bases
    return line_up(Path(), [each for each in recipes if each.expert in experts and each.base in bases], grid=grid)


def _check_named(option: str, named: Sequence[str], known: Sequence[str], problems: list[Problem]) -> None:
    for name in named:
        if name not in known:
            Place(option, problems).wrong(f"one of {', '.join(known)}", repr(name), known=known, word=name)


def stale(recipes: Sequence[Recipe]) -> list[str]:
    """The stages to run: those that DVC knows to be stale, those it cannot know of, and what is made from them.

    It cannot know that a signature has expired, nor what people wrote for an expert: it is not told where that lies.
    """
    expired = [f"sign@{pair}" for pair in sign.expired(Path(), at=datetime.now(UTC))]
    return sorted(dvc.stale(also=expired if are_written(Path(), recipes) else [*expired, "recipes"]))


def prepare() -> tuple[Recipe, ...]:
    """The recipes that params.yaml asks for; their base models are checked, and there is a publisher's key then.

    Raises:
        ExpertError: something is wrong; for settings and manifests, everything that is.
    """
    if not Path("dvc.yaml").is_file():
        raise ExpertError(
            "dvc.yaml: expected it in this folder, got none", hint="start the line from the project's root"
        )
    recipes = resolve(Path())
    _allow_hub(recipes)
    for base in sorted({recipe.base for recipe in recipes}):
        _bring_base(base)
    _ensure_key()
    return recipes


def _bring_base(name: str) -> None:
    """See to it that ``models/<name>`` is the base, brought from where it comes from, if that is elsewhere."""
    config = read_base_config(Path(), name)
    source, installed = config.source_model(), config.model()
    if source != installed and not bases.is_brought(source, layout.MODELS / name):
        bases.place(source, layout.MODELS / name, fill=lambda folder: bases.bring(source, Path(), folder))
    bases.require(installed, Path())


def _allow_hub(recipes: tuple[Recipe, ...]) -> None:
    """Stay off the network unless a base model or an expert's own data is on the hub."""
    files = [file for recipe in recipes if recipe.data.own for file in recipe.data.own.files]
    needs_hub = any(recipe.base_model.hub for recipe in recipes) or any(file.format == "huggingface" for file in files)
    os.environ.setdefault("HF_HUB_OFFLINE", "0" if needs_hub else "1")


def _ensure_key() -> None:
    """The command says for itself where it made one."""
    command = ["expert-cli", "keygen", "--ensure"]
    made = subprocess.run(command, check=False, env=dvc.environment(), stdout=subprocess.DEVNULL)
    if made.returncode:
        raise ExpertError("there is no publisher's key, and none could be made")
