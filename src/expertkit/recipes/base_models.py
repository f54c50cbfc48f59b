"""The files of ``configs/base_models/``: what a base model is called, where it comes from, what it must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from expertkit import layout
from expertkit.bases import BaseModel
from expertkit.errors import ConfigError, Problem
from expertkit.fields import Place, Text, read, show
from expertkit.manifest.kinds import BaseName, Digest, Words
from expertkit.recipes.strict_yaml import load_file

HubId = Annotated[str, Text(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", "a hub id such as 'Qwen/Qwen3-0.6B'")]
Revision = Annotated[str, Text(r"[0-9a-f]{40}", "a commit of 40 hex digits")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A folder, or a model of the hub at one commit."""

    path: Words | None = None
    """Folder of the model, from the project's root, or absolute."""
    hub: HubId | None = None
    """Id on the model hub, such as Qwen/Qwen3-0.6B."""
    revision: Revision | None = None
    """Commit of the hub model: 40 hex digits, never a branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseConfig:
    """One file of ``configs/base_models/``."""

    name: BaseName
    """The same as the file's."""
    source: Source
    fingerprint: Digest | None
    """What ``expert-cli base fingerprint`` prints for the right files; null when not pinned."""
    build: Mapping[str, Any] | None = None
    """Settings of the builder, for a base that this project makes itself."""

    def model(self) -> BaseModel:
        """The base as stages read it: in the project's models/, wherever it came from."""
        return replace(self.source_model(), path=str(layout.MODELS / self.name))

    def source_model(self) -> BaseModel:
        """The base where it comes from."""
        return BaseModel(
            name=self.name,
            path=self.source.path,
            hub=self.source.hub,
            revision=self.source.revision,
            fingerprint=self.fingerprint,
        )


def base_names(project: Path) -> tuple[str, ...]:
    """The base models that a project describes."""
    return tuple(sorted(path.stem for path in (project / layout.BASE_MODELS).glob("*.yaml")))


def read_base_config(project: Path, name: str) -> BaseConfig:
    """The description of a base model.

    Raises:
        ConfigError: it is missing or wrong; all problems at once.
    """
    problems: list[Problem] = []
    asked = Place("expert-cli base", problems, name)
    config = find_base_config(project, name, asked)
    if config is None:
        raise ConfigError(problems)
    return config


def find_base_config(project: Path, name: str, asked: Place) -> BaseConfig | None:
    """The description of a base model, or None with problems added; ``asked`` is where its name was written."""
    path = layout.BASE_MODELS / f"{name}.yaml"
    if not (project / path).is_file():
        asked.wrong(f"a base model of {layout.BASE_MODELS}/", show(name), known=base_names(project), word=name)
        return None
    place = Place(str(path), asked.problems)
    mark = place.mark()
    config = read(BaseConfig, load_file(project / path, place), place)
    if config is None:
        return None
    if config.name != name:
        place.at("name").wrong(f"the file's name {name!r}", repr(config.name))
    _check_source(config, place)
    return config if place.is_sound_since(mark) else None


def _check_source(config: BaseConfig, place: Place) -> None:
    source = config.source
    if (source.path is None) == (source.hub is None):
        place.at("source").wrong("either path or hub", "neither" if source.path is None else "both")
    if (source.hub is None) != (source.revision is None):
        place.at("source.revision").wrong("a revision with a hub id, and only with one", source.revision or "nothing")
    if source.hub is not None and config.build is not None:
        place.at("build").wrong("nothing for a hub model, which is fetched", "settings")
