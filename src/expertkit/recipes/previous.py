"""``previous`` of params.yaml, set where it stands: every other byte of the file stays, comments included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from expertkit import layout
from expertkit.errors import ConfigError, Problem
from expertkit.fields import Place
from expertkit.recipes.strict_yaml import load

_KEY = "previous"
_INTRODUCED = f"""
# The released version of each expert, which a new one has to be as good as; set by expert-cli promote.
{_KEY}:
"""
_Edit = tuple[int, int, str]
"""From, to (characters of the text), and what takes the place of what stands there."""


def with_previous(text: str, versions: Mapping[str, str]) -> str:
    """The text of params.yaml with these versions in ``previous``, beside those of other experts.

    Raises:
        ConfigError: the file is no YAML, or ``previous`` is written in a way that cannot be changed in place.
    """
    problems: list[Problem] = []
    place = Place(str(layout.PARAMS), problems)
    before = load(text, place)
    said = (before.get(_KEY) or {}) if isinstance(before, dict) else None
    if isinstance(said, dict):
        changed = _apply(text, sorted(_edits(text, versions)))
        if load(changed, place) == {**before, _KEY: {**said, **versions}}:
            return changed
    if not problems:
        place.at(_KEY).wrong("a mapping of experts to versions, one a line", "another form")
    raise ConfigError(problems)


def _edits(text: str, versions: Mapping[str, str]) -> Iterator[_Edit]:
    top: Any = yaml.compose(text, yaml.SafeLoader)
    entries = {key.value: value for key, value in top.value}
    if _KEY not in entries:
        lines = "".join(f"  {expert}: {version}\n" for expert, version in sorted(versions.items()))
        line_end = "" if text.endswith("\n") else "\n"
        yield len(text), len(text), f"{line_end}{_INTRODUCED}{lines}"
    elif isinstance(entries[_KEY], yaml.MappingNode) and not entries[_KEY].flow_style:
        yield from _edit_block(text, entries[_KEY], versions)
    else:
        yield _rewritten(text, entries[_KEY], versions)


def _rewritten(text: str, node: Any, versions: Mapping[str, str]) -> _Edit:
    """``{...}``, or nothing at all, as ``{...}``."""
    said = {key.value: value.value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    listed = ", ".join(f"{expert}: {version}" for expert, version in sorted({**said, **versions}.items()))
    start = node.start_mark.index
    return start, node.end_mark.index, f"{_space(text, start)}{{{listed}}}"


def _edit_block(text: str, node: Any, versions: Mapping[str, str]) -> Iterator[_Edit]:
    """One expert a line: a version is replaced where it stands, a new expert follows the last one."""
    stands = {key.value: value for key, value in node.value}
    for expert in sorted(versions.keys() & stands.keys()):
        start = stands[expert].start_mark.index
        yield start, stands[expert].end_mark.index, f"{_space(text, start)}{versions[expert]}"
    last_key, last = node.value[-1]
    end = text.find("\n", last.end_mark.index)
    at = len(text) if end < 0 else end
    for expert in sorted(versions.keys() - stands.keys()):
        yield at, at, f"\n{' ' * last_key.start_mark.column}{expert}: {versions[expert]}"


def _space(text: str, start: int) -> str:
    """What has to stand before a value where there was none."""
    return " " if text[start - 1] == ":" else ""


def _apply(text: str, edits: list[_Edit]) -> str:
    parts, done = [], 0
    for start, end, replacement in edits:
        parts += [text[done:start], replacement]
        done = end
    return "".join([*parts, text[done:]])
