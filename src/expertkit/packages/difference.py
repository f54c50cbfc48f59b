"""What two experts differ in: manifests by JSON pointer, members, tensors with their norms, evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from expertkit import layout
from expertkit.adapters import measure_tensors
from expertkit.fields import show
from expertkit.manifest import Manifest, base_slug, strict_json
from expertkit.packages import archive
from expertkit.packages.legacy import find_weights
from expertkit.packages.names import EVALUATION, TENSORS
from expertkit.packages.opening import Opened

_LARGEST_TENSORS = 1 << 30
_FIGURES = ("verdict", "base_score", "expert_score", "p_value", "items")


def diff(first: Opened, second: Opened) -> dict[str, Any]:
    """The differences, as JSON values; empty parts are the same.

    Tensors are compared where both experts have exactly one adapter: names that one of them lacks, and for
    each that differs the Frobenius norms of both and of their difference, null where the shapes differ.
    """
    return {
        "manifest": [
            {"place": place, "first": before, "second": after}
            for place, before, after in _values(first.manifest.raw, second.manifest.raw, "")
        ],
        "members": _members(first, second),
        "tensors": _tensors(_weights(first), _weights(second)),
        "evaluation": _evaluation(first, second),
    }


def render(found: Mapping[str, Any]) -> str:
    """The differences as a page."""
    return "\n".join(_lines(found)) or "no difference"


def _values(first: Any, second: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """Places with their two values, None where there is none; lists are compared entry by entry."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in [*first, *(key for key in second if key not in first)]:
            pointer = f"{place}/{key.replace('~', '~0').replace('/', '~1')}"
            yield from _values(first.get(key), second.get(key), pointer)
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (before, after) in enumerate(zip(first, second, strict=True)):
            yield from _values(before, after, f"{place}/{index}")
    elif first != second:
        yield place, first, second


def _members(first: Opened, second: Opened) -> dict[str, Any]:
    """Names that only one package has, and sizes in bytes of those whose bytes differ."""
    if first.contents is None or second.contents is None:
        return {}
    before, after = first.contents.members, second.contents.members
    changed = {
        name: [before[name][0], after[name][0]] for name in before if name in after and before[name] != after[name]
    }
    found = {
        "only_first": [name for name in before if name not in after],
        "only_second": [name for name in after if name not in before],
        "changed": changed,
    }
    return found if any(found.values()) else {}


def _weights(opened: Opened) -> bytes | None:
    """The bytes of an expert's one adapter, if it has one."""
    manifest = opened.manifest
    if opened.contents is not None:
        name = find_weights(manifest, opened.contents)
        form = opened.contents.form
        kept = archive.scan(opened.path, keep=[name or ""], form=form, largest_kept=_LARGEST_TENSORS).kept
        return kept.get(name or "")
    if opened.kind != "folder" or len(manifest.base_models) != 1:
        return None
    path = opened.path / _folder(manifest) / TENSORS
    return path.read_bytes() if path.is_file() else None


def _folder(manifest: Manifest) -> str:
    return f"{layout.WEIGHTS}/{base_slug(manifest.base_models[0].name)}"


def _tensors(first: bytes | None, second: bytes | None) -> dict[str, Any]:
    if first is None or second is None or first == second:
        return {}
    return measure_tensors(first, second)


def _evaluation(first: Opened, second: Opened) -> dict[str, Any]:
    before, after = _figures(first), _figures(second)
    return {name: [before.get(name), after.get(name)] for name in _FIGURES if before.get(name) != after.get(name)}


def _figures(opened: Opened) -> Mapping[str, Any]:
    kept = opened.contents.kept if opened.contents else {}
    return dict(strict_json.loads(kept[EVALUATION], file=EVALUATION)) if EVALUATION in kept else {}


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    for each in found["manifest"]:
        yield f"manifest    {each['place']}: {show(each['first'])} -> {show(each['second'])}"
    members = found["members"]
    if members:
        yield from (f"member      {name}: only in the first" for name in members["only_first"])
        yield from (f"member      {name}: only in the second" for name in members["only_second"])
        yield from (f"member      {name}: {a:,} -> {b:,} bytes" for name, (a, b) in members["changed"].items())
    tensors = found["tensors"]
    if tensors:
        yield from (f"tensor      {name}: only in the first" for name in tensors["only_first"])
        yield from (f"tensor      {name}: only in the second" for name in tensors["only_second"])
        for name, norms in tensors["changed"].items():
            apart = "another shape" if norms[2] is None else f"apart {norms[2]:.4g}"
            yield f"tensor      {name}: norm {norms[0]:.4g} -> {norms[1]:.4g}, {apart}"
    for name, (before, after) in found["evaluation"].items():
        yield f"evaluation  {name}: {before} -> {after}"
