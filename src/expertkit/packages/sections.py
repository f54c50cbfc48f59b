"""Which section of a container a member of a package is (docs/format.md, sections 4 and 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from expertkit.adapters import layers, soft_prompt_files, tensors
from expertkit.adapters.dtypes import DType
from expertkit.adapters.layers import Part
from expertkit.containers import kinds, toc
from expertkit.containers.kinds import Kind
from expertkit.containers.reader import Container
from expertkit.containers.sources import Source, pieces
from expertkit.containers.writer import Draft
from expertkit.errors import FormatError
from expertkit.manifest import Manifest
from expertkit.packages import names

_MOST_HEADER = 8 + (8 << 20)

_KINDS = {
    names.TENSORS: kinds.ADAPTER,
    names.OSD: kinds.OSD,
    names.GRAMMAR: kinds.GRAMMAR,
    names.ROUTER_KEYWORDS: kinds.ROUTER_KEYWORDS,
    names.ROUTER_EMBEDDINGS: kinds.ROUTER_EMBEDDINGS,
    **dict.fromkeys((names.TOKENIZER, names.TOKENIZER_CONFIG, names.SPECIAL_TOKENS, names.VOCABULARY), kinds.TOKENIZER),
    names.LICENSE: kinds.LICENCE,
    names.README: kinds.DOCS,
    **dict.fromkeys((names.EVALUATION, names.REPORT, names.REPLAY), kinds.EVALUATION),
    **dict.fromkeys((names.PROVENANCE, names.RECIPE, names.TRAINING_ARGS), kinds.PROVENANCE),
    names.ADAPTER_CONFIG: kinds.SETTINGS,
}
_PREFIXES = {names.TESTS: kinds.TESTS, names.CUSTOM: kinds.CUSTOM}


def kind_of(name: str, manifest: Manifest) -> Kind | None:
    """What a member is; None where a package has no such member. An adapter may also be a soft prompt."""
    prefixed = next((kind for prefix, kind in _PREFIXES.items() if name.startswith(prefix)), None)
    needed = {file: kinds.SOFT_PROMPT if "soft_prompts" in keys else kinds.GRAMMAR
              for keys, file in manifest.needed_files.items()}  # fmt: skip
    return _KINDS.get(name) or prefixed or needed.get(name)


def drafts(members: Mapping[str, Source], manifest: Manifest) -> list[Draft]:
    """The sections of a container with these members, the manifest apart.

    Raises:
        FormatError: a member is none of a package, or holds malformed tensors.
    """
    found: list[Draft] = []
    for name, source in members.items():
        kind = kind_of(name, manifest)
        if kind is None:
            raise FormatError(f"{name}: expected a member of a package, got one that has no section")
        found += _tensors(name, source, kind) if kind.has_tensors else [_whole(name, source, kind)]
    return found


def check_kinds(container: Container, manifest: Manifest) -> None:
    """Return if every section is of the type that its name has; one of a type that is not known here has another.

    Raises:
        FormatError: one is not.
    """
    for entry in container.entries:
        wanted = kind_of(entry.name, manifest)
        found = kinds.KINDS.get(entry.type)
        is_prompt = wanted is kinds.ADAPTER and found is kinds.SOFT_PROMPT
        if wanted is not found and not is_prompt:
            meant = f"type {wanted.word}" if wanted else "the name of a member of a package"
            place = container.header.toc_at + (entry.id - 1) * toc.SIZE
            raise FormatError(f"{entry.describe()}: expected {meant}, got {kinds.word(entry.type)}", offset=place)


def _whole(name: str, source: Source, kind: Kind, *, dtype: DType | None = None) -> Draft:
    chunks = partial(_pieces, source, ((0, source.size),))
    return Draft(kind=kind, name=name, size=source.size, chunks=chunks, dtype=dtype or "none")


def _tensors(name: str, source: Source, kind: Kind) -> list[Draft]:
    end = tensors.header_end(bytes(source.view(0, min(8, source.size))))
    head = bytes(source.view(0, min(end, source.size, _MOST_HEADER)))
    rows, _start, dtype = tensors.read_rows(head, size=source.size)
    is_prompt = {tensor for tensor, _entry in rows} == {soft_prompt_files.NAME}
    if kind is not kinds.ADAPTER or is_prompt:
        return [_whole(name, source, kinds.SOFT_PROMPT if kind is kinds.ADAPTER else kind, dtype=dtype)]
    parts, _dtype = layers.split(head, size=source.size)
    return [_layer(name, source, part, dtype) for part in parts]


def _layer(name: str, source: Source, part: Part, dtype: DType) -> Draft:
    def chunks() -> Iterator[bytes | memoryview]:
        yield part.head
        yield from _pieces(source, part.ranges)

    layer = toc.NO_LAYER if part.layer is None else part.layer
    return Draft(kind=kinds.ADAPTER, name=name, size=part.size, chunks=chunks, dtype=dtype, layer=layer)


def _pieces(source: Source, ranges: tuple[tuple[int, int], ...]) -> Iterator[memoryview]:
    for begin, end in ranges:
        yield from pieces(source, begin, end)
