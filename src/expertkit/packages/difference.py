"""What two experts differ in: manifests by JSON pointer, members, tensors with their norms, evaluation."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.adapters import measure_tensors
from expertkit.archives import archive
from expertkit.errors import FormatError
from expertkit.fields import Place
from expertkit.files import open_regular
from expertkit.manifest import base_slug
from expertkit.packages import carriers
from expertkit.packages.reading.forms import read_members
from expertkit.packages.reading.opening import Opened
from expertkit.packages.weights import find_carrier

_FIGURES = ("verdict", "base_score", "expert_score", "p_value")
_NOTHING = "nothing"
_SHOWN = 80  # signs; a digest has 64
_BEFORE = 20

Carrier = tuple[str, bytearray]
"""The name of a member or file, and its bytes."""


def diff(first: Opened, second: Opened) -> dict[str, Any]:
    """The differences, as JSON values; empty parts are the same, null ones could not be compared.

    In ``manifest`` a side that lacks a value has no key. Tensors are compared base by base, where both experts
    have them: names that one of them lacks, and for each that differs the Frobenius norms of both and of their
    difference, null where the shapes differ.
    """
    return {
        "manifest": list(_values(first.manifest.raw, second.manifest.raw, Place("", [], is_json=True))),
        "members": _members(first, second),
        "tensors": _tensors(first, second),
        "evaluation": _evaluation(first, second),
    }


def render(found: Mapping[str, Any]) -> list[str]:
    """The differences as the lines of a page."""
    parts = [name for name in ("members", "tensors", "evaluation") if found[name] is None]
    notes = [f"not compared, as not both have any: {', '.join(parts)}"] if parts else []
    return [*(list(_lines(found)) or ["no difference"]), *notes]


def _values(first: Any, second: Any, place: Place) -> Iterator[dict[str, Any]]:
    """Places with their two values; lists of one length are compared entry by entry."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in [*first, *(key for key in second if key not in first)]:
            if key in first and key in second:
                yield from _values(first[key], second[key], place.at(key))
            else:
                side, value = ("first", first) if key in first else ("second", second)
                yield {"place": place.at(key).path, side: value[key]}
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (before, after) in enumerate(zip(first, second, strict=True)):
            yield from _values(before, after, place.entry(index))
    elif first != second or type(first) is not type(second):  # 1, 1.0 and true are equal, and different values
        yield {"place": place.path, "first": first, "second": second}


def _members(first: Opened, second: Opened) -> dict[str, Any] | None:
    """Names that only one package has, and sizes in bytes of those whose bytes differ."""
    if first.package is None or second.package is None:
        return None
    before, after = first.package.contents.members, second.package.contents.members
    both = [name for name in before if name in after and before[name] != after[name]]
    found = {
        "only_first": [name for name in before if name not in after],
        "only_second": [name for name in after if name not in before],
        "changed": {name: [before[name][0], after[name][0]] for name in both},
    }
    return found if any(found.values()) else {}


def _tensors(first: Opened, second: Opened) -> dict[str, Any] | None:
    """What differs for each base, by its name in file names."""
    before, after = _weights(first), _weights(second)
    both = [base for base in before if base in after]
    if not both:
        return None
    return {base: _compared(first, second, before[base], after[base]) for base in both if before[base] != after[base]}


def _compared(first: Opened, second: Opened, before: Carrier, after: Carrier) -> dict[str, Any]:
    try:
        return measure_tensors(carriers.as_safetensors(*before), carriers.as_safetensors(*after))
    except FormatError as error:
        raise FormatError(f"{first.path} or {second.path}: {error}", offset=error.offset) from error


def _weights(opened: Opened) -> dict[str, Carrier]:
    """What carries an expert's adapters, by the base's name in file names."""
    slugs = {entry.name: base_slug(entry.name) for entry in opened.manifest.base_models}
    if opened.package is not None:
        found = opened.package.weights
        kept = read_members(opened.path, opened.package.contents, names=set(found.values()))
        return {slugs[base]: (member, kept[member]) for base, member in found.items()}
    if opened.kind != "folder":
        return {}
    folders = {slugs[base]: [opened.path / layout.WEIGHTS / base] for base in slugs}
    if len(slugs) == 1:  # an unpacked package has them flat
        folders[next(iter(folders))].append(opened.path)
    there = {slug: next(filter(None, map(find_carrier, places)), None) for slug, places in folders.items()}
    return {slug: (path.name, _read_file(path)) for slug, path in there.items() if path is not None}


def _read_file(path: Path) -> bytearray:
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > archive.LIMITS.member:
            raise FormatError(f"{path}: expected at most {archive.LIMITS.member} bytes, got {size}")
        data = bytearray(size)
        del data[file.readinto(data) :]
    return data


def _evaluation(first: Opened, second: Opened) -> dict[str, Any] | None:
    before, after = (each.package.evaluation if each.package else None for each in (first, second))
    if before is None or after is None:
        return None
    pairs = {name: [getattr(each.judged, name) for each in (before, after)] for name in _FIGURES}
    return {name: pair for name, pair in pairs.items() if repr(pair[0]) != repr(pair[1])}  # nan is not equal to itself


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    for each in found["manifest"]:
        yield f"manifest    {each['place']}: {_apart(*(_text(each, side) for side in ('first', 'second')))}"
    members = found["members"]
    if members:
        yield from (f"member      {name}: only in the first" for name in members["only_first"])
        yield from (f"member      {name}: only in the second" for name in members["only_second"])
        yield from (f"member      {name}: {_sizes(a, b)}" for name, (a, b) in members["changed"].items())
    for base, tensors in (found["tensors"] or {}).items():
        yield from (f"tensor      {base}: {name}: only in the first" for name in tensors["only_first"])
        yield from (f"tensor      {base}: {name}: only in the second" for name in tensors["only_second"])
        for name, norms in tensors["changed"].items():
            apart = "another shape" if norms[2] is None else f"apart {norms[2]:.4g}"
            yield f"tensor      {base}: {name}: norm {_norms(norms[0], norms[1])}, {apart}"
    for name, (before, after) in (found["evaluation"] or {}).items():
        yield f"evaluation  {name}: {before} -> {after}"


def _text(each: Mapping[str, Any], side: str) -> str:
    return json.dumps(each[side], ensure_ascii=False) if side in each else _NOTHING


def _apart(first: str, second: str) -> str:
    """Two different texts as they are; long ones from a little before the first sign that differs."""
    pairs = enumerate(zip(first, second, strict=False))
    common = next((at for at, (a, b) in pairs if a != b), min(len(first), len(second)))
    start = max(0, common - _BEFORE) if max(len(first), len(second)) > _SHOWN else 0
    return " -> ".join(_cut(text, start) for text in (first, second))


def _cut(text: str, start: int) -> str:
    end = start + _SHOWN
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _sizes(first: int, second: int) -> str:
    return f"other bytes, {first:,} as before" if first == second else f"{first:,} -> {second:,} bytes"


def _norms(first: float, second: float) -> str:
    """Both with as many digits as tell them apart, or the one that they have in common."""
    for digits in (4, 8, 17):
        before, after = f"{first:.{digits}g}", f"{second:.{digits}g}"
        if before != after:
            return f"{before} -> {after}"
    return f"{first:.4g} as before"
