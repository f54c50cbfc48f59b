"""``expert-cli base``: build the embedded base models, and say what identifies any base."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from expertkit import layout
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
    """Make models/NAME: an embedded base from its settings, any other from the hub or folder where it lies."""
    from expertkit.recipes.base_models import read_base_config

    config = read_base_config(Path(), name)
    target, fill = layout.MODELS / name, _filler(config)
    found = _rebuild(config, fill) if verify else _build_anew(config, fill)
    text = f"{name}: {'the same as in' if verify else 'written to'} {target}, fingerprint {found}"
    emit({"base": name, "path": str(target), "fingerprint": found}, as_json=as_json, text=text)


@command.command("fingerprint")
@click.argument("name")
@as_json
def fingerprint(name: str, *, as_json: bool) -> None:
    """Print the fingerprint of NAME: a base model of configs/base_models/, or a folder, written with a slash.

    Exit status 4 says that it is not the one that its file pins.
    """
    from expertkit import bases
    from expertkit.recipes.base_models import read_base_config

    if "/" in name:
        found = bases.fingerprint(Path(name))
    else:
        config = read_base_config(Path(), name)
        model = config.model() if (layout.MODELS / name).is_dir() else config.source_model()
        _, found = bases.require(model, Path())
    emit({"base": name, "fingerprint": found}, as_json=as_json, text=found)


def _filler(config: BaseConfig) -> Callable[[Path], None]:
    """What puts the base's files into a folder; its settings are checked before anything is trained."""
    from expertkit import bases
    from expertkit.errors import CompatibilityError

    if config.build is not None:
        settings = _settings(config)
        return lambda folder: _build(config, settings, folder)
    source = config.source_model()
    if source == config.model():
        message = f"base model {config.name!r}: expected another source than its own place {source.path}, got that one"
        raise CompatibilityError(message, hint=f"expert-cli base fingerprint {config.name} checks what is there")
    return lambda folder: bases.bring(source, Path(), folder)


def _build_anew(config: BaseConfig, fill: Callable[[Path], None]) -> str:
    from expertkit import bases
    from expertkit.errors import CompatibilityError

    made = _make(config, fill)
    try:
        found = bases.place(config.model(), layout.MODELS / config.name, fill=lambda folder: bases.link(made, folder))
    except CompatibilityError as error:
        raise CompatibilityError(
            str(error), hint=f"what was made lies in {made}; {error.hint or 'look there'}"
        ) from error
    shutil.rmtree(made)
    return found


def _rebuild(config: BaseConfig, fill: Callable[[Path], None]) -> str:
    """Make it beside, and compare."""
    from expertkit import bases
    from expertkit.errors import CompatibilityError

    model = config.model()
    _, present = bases.require(model, Path())
    made = _make(config, fill)
    found = bases.fingerprint(made)
    if found != present:
        message = (
            f"base model {config.name!r}: expected fingerprint {present} as in {model.path}, got {found} in {made}"
        )
        raise CompatibilityError(message, hint=_explanation(Path(str(model.path)), made))
    shutil.rmtree(made)
    return found


def _make(config: BaseConfig, fill: Callable[[Path], None]) -> Path:
    """Fill a folder of its own: half an hour of work is kept, whatever its fingerprint is found to be."""
    from expertkit.files import replace_folder

    made = layout.REBUILT / config.name
    with replace_folder(made) as folder:
        fill(folder)
    return made


def _explanation(present: Path, rebuilt: Path) -> str:
    """Why a base was not rebuilt to the byte, as far as the two environments tell."""
    from expertkit.files import read_json
    from expertkit.training.environment import differences

    records = [folder / layout.ENVIRONMENT for folder in (present, rebuilt)]
    if not all(record.is_file() for record in records):
        return f"what lies in {present} counts"
    found = differences(*map(read_json, records))
    if not found:
        return "it was built in the same environment, so settings or code have changed since"
    return f"it was built in another environment, which may round otherwise: {'; '.join(found)}"


def _build(config: BaseConfig, settings: BaseBuild, folder: Path) -> None:
    from expertkit.files import write_json
    from expertkit.progress import progress
    from expertkit.training.base import build_base
    from expertkit.training.environment import describe_environment

    with TemporaryDirectory() as scratch, progress(f"base@{config.name}", total=settings.steps) as shown:
        build_base(settings, folder, scratch=Path(scratch), measure=lambda step, values: shown.report(step, **values))
    write_json(folder / layout.ENVIRONMENT, describe_environment(threads=settings.threads))


def _settings(config: BaseConfig) -> BaseBuild:
    from expertkit.errors import ConfigError, Problem
    from expertkit.fields import Place, read
    from expertkit.training.base import BaseBuild

    problems: list[Problem] = []
    settings = read(BaseBuild, config.build, Place(str(layout.BASE_MODELS / f"{config.name}.yaml"), problems, "build"))
    if settings is None:
        raise ConfigError(problems)
    return settings
