"""YAML as people write it, read by the rules of YAML 1.2 (as DVC does) and without surprises.

``1e-3`` is a number, ``no`` a text, ``010`` ten; a repeated key, an alias and a tag are problems.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from expertkit.fields import Place

_MAX_DEPTH = 32
_PLAIN: tuple[tuple[re.Pattern[str], Any], ...] = (
    (re.compile(r"(~|null|Null|NULL|)"), lambda _text: None),
    (re.compile(r"(true|True|TRUE)"), lambda _text: True),
    (re.compile(r"(false|False|FALSE)"), lambda _text: False),
    (re.compile(r"[-+]?[0-9]{1,300}"), int),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
)
"""What an unquoted word means, by its form; every other one is a text."""


def load_file(path: Path, place: Place) -> Any:
    """The value of a YAML file, or None with problems added to ``place.problems``."""
    if not path.is_file():
        place.wrong("a file", "no such file")
        return None
    try:
        return load(path.read_bytes().decode(), place)
    except UnicodeDecodeError as error:
        place.wrong("UTF-8", f"{error.reason} at byte {error.start}")
        return None


def load(text: str, place: Place) -> Any:
    """The value of a YAML text, or None with problems added to ``place.problems``."""
    try:
        node = yaml.compose(text, yaml.SafeLoader) if _is_plain(text, place) else None
    except yaml.MarkedYAMLError as error:
        got = (error.problem or "something else").removeprefix("but ").removeprefix("found ")
        place.wrong("YAML", f"{got} on {_line(error.problem_mark)}")
        return None
    except yaml.YAMLError as error:
        place.wrong("YAML", str(error).splitlines()[0])
        return None
    return None if node is None else _value(node, place)


def _is_plain(text: str, place: Place) -> bool:
    """Whether a text has no aliases, no tags and no absurd depth; seen before it is composed, which recurses."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            place.wrong(f"at most {_MAX_DEPTH} levels", f"more on {_line(event.start_mark)}")
            return False
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            place.wrong("plain YAML", f"an alias or a tag on {_line(event.start_mark)}")
            return False
    return True


def _value(node: yaml.Node, place: Place) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place)
    if isinstance(node, yaml.SequenceNode):
        return [_value(entry, place.entry(index)) for index, entry in enumerate(node.value)]
    return _scalar(node) if isinstance(node, yaml.ScalarNode) else None


def _mapping(node: yaml.MappingNode, place: Place) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), _line(key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            place.wrong("keys that are words", f"a list or mapping as a key on {line}")
            continue
        if key in result:
            place.at(key).wrong("each key once", f"it again on {line}")
        result[key] = _value(value_node, place.at(key))
    return result


def _scalar(node: yaml.ScalarNode) -> Any:
    if node.style is not None:
        return node.value
    return next((read(node.value) for form, read in _PLAIN if form.fullmatch(node.value)), node.value)


def _line(mark: Any) -> str:
    return f"line {mark.line + 1}" if mark else "an unknown line"
