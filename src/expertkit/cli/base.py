"""``expert-cli base``: build the embedded base models, and say what identifies any base."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from expertkit.cli.main import emit
from expertkit.cli.options import as_json

if TYPE_CHECKING:
    from expertkit.recipes.base_models import BaseConfig
    from expertkit.training.base import BaseBuild


@click.group("base")
def command() -> None:
    """Build and identify base models; configs/base_models/ describes them."""


@command.command("build")
@click.argument("name")
@click.option("--verify", is_flag=True, help="Build into a temporary folder and compare with the one that is there.")
@as_json
def build(name: str, *, verify: bool, as_json: bool) -> None:
    """Build the embedded base model NAME into its folder."""
    from expertkit.recipes.base_models import read_base_config

    config = read_base_config(Path(), name)
    target, settings = _target(config), _settings(config)
    found = _rebuild(config, settings) if verify else _replace(config, settings, target)
    text = f"{name}: {'the same as in' if verify else 'written to'} {target}, fingerprint {found}"
    emit({"base": name, "path": str(target), "fingerprint": found}, as_json=as_json, text=text)


@command.command("fingerprint")
@click.argument("name")
@as_json
def fingerprint(name: str, *, as_json: bool) -> None:
    """Print the fingerprint of NAME, a base model of configs/base_models/ or a folder.

    Exit status 4 says that it is not the one that its file pins.
    """
    from expertkit import bases
    from expertkit.recipes.base_models import read_base_config

    if "/" in name:
        found = bases.fingerprint(Path(name))
    else:
        model = read_base_config(Path(), name).model()
        found = bases.check(model, bases.locate(model, Path()))
    emit({"base": name, "fingerprint": found}, as_json=as_json, text=found)


def _replace(config: BaseConfig, settings: BaseBuild, target: Path) -> str:
    """Build anew; a base that is not the pinned one does not replace what is there."""
    from expertkit import bases
    from expertkit.files import replace_folder

    with replace_folder(target) as folder:
        _build(config, settings, folder)
        return bases.check(config.model(), folder)


def _rebuild(config: BaseConfig, settings: BaseBuild) -> str:
    """Build beside, and compare."""
    from expertkit import bases

    model = config.model()
    present = bases.check(model, bases.locate(model, Path()))
    with TemporaryDirectory() as folder:
        _build(config, settings, Path(folder))
        return bases.check(replace(model, fingerprint=present), Path(folder))


def _build(config: BaseConfig, settings: BaseBuild, folder: Path) -> None:
    from expertkit.progress import progress
    from expertkit.training.base import build_base

    with TemporaryDirectory() as scratch, progress(f"base@{config.name}", total=settings.steps) as shown:
        build_base(settings, folder, scratch=Path(scratch), measure=lambda step, values: shown.report(step, **values))


def _settings(config: BaseConfig) -> BaseBuild:
    from expertkit.errors import ConfigError, Problem
    from expertkit.fields import Place, read
    from expertkit.training.base import BaseBuild

    problems: list[Problem] = []
    settings = read(BaseBuild, config.build, Place(_file(config), problems, "build"))
    if settings is None:
        raise ConfigError(problems)
    return settings


def _target(config: BaseConfig) -> Path:
    """The folder that the base is built into; a hub model has none."""
    from expertkit.errors import ConfigError, Problem

    if config.source.path is None or config.build is None:
        got = "a base that is not made here"
        raise ConfigError(
            [Problem(file=_file(config), place="build", expected="the settings of a base to build", got=got)]
        )
    return Path(config.source.path)


def _file(config: BaseConfig) -> str:
    return f"configs/base_models/{config.name}.yaml"
