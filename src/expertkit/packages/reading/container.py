"""The members of a container, as those of an archive: in the same order, with the same bytes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path

from expertkit.adapters import layers, tensors
from expertkit.adapters.dtypes import ITEM_SIZE, DType
from expertkit.adapters.tensors import Shape
from expertkit.containers import kinds, sources, toc
from expertkit.containers.reader import Container
from expertkit.containers.toc import Entry
from expertkit.errors import FormatError, IntegrityError
from expertkit.manifest import Reading, load
from expertkit.members import bundle
from expertkit.members.contents import Chunk, Part, naming_errors, pieces
from expertkit.members.names import SIGNATURE, order
from expertkit.packages.names import MANIFEST, TENSORS
from expertkit.packages.reading.presence import check_presence
from expertkit.packages.sections import check_kinds
from expertkit.packages.streaming import Layers

MOST_RUNS = 8
"""For each layer, how often its tensors may begin anew in the order of all names: each time it is decoded again."""


@contextmanager
def open_container(path: Path) -> Iterator[Container]:
    """A container that others may change, every range read and hashed when it is used.

    Raises:
        FormatError, IntegrityError: it is not sound, as far as that is seen without its sections.
    """
    with sources.read(path) as source:
        with naming_errors(path, is_placed=True):
            found = Container(source)
        yield found


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What is known of a container before any of its sections is read."""

    reading: Reading
    root: str
    entries: tuple[Entry, ...]
    is_signed: bool


def outline(container: Container, *, file: str, compatible: bool = False) -> Outline:
    """Check manifest and sections, as far as that goes without reading one.

    Args:
        container: which itself was checked when it was opened.
        file: what it is called in messages.
        compatible: whether to put up with what older manifests contain.

    Raises:
        FormatError: a section is not of the type that its name has, or a member is missing.
        ManifestError: the manifest is wrong.
        IntegrityError: the manifest names other members than there are.
    """
    reading = load(container.metadata, file=f"{file}: {MANIFEST}", compatible=compatible)
    with naming_errors(Path(file), is_placed=True):
        check_kinds(container, reading.manifest)
    members = {entry.name for entry in container.entries if entry.type in kinds.KINDS}
    check_presence(reading.manifest, {MANIFEST, *members}, file=file)
    integrity = reading.manifest.integrity
    wrong = sorted(members ^ {*((integrity and integrity.files) or {})})
    if wrong:
        raise IntegrityError(f"{file}, integrity: expected the members that are there, but for {', '.join(wrong)}")
    return Outline(
        reading=reading, root=container.root, entries=container.entries, is_signed=bool(container.signatures)
    )


def parts(container: Container) -> Iterator[Part]:
    """Every member, in ``names.order``; chunks are valid until the next is asked for.

    Sections of types that are not known here are no members; their digests are compared all the same. Signatures that
    an archive could not hold are left out.

    Raises:
        FormatError, IntegrityError: a section is not sound.
    """
    known = [entry for entry in container.entries if entry.type in kinds.KINDS]
    whole = {entry.name: entry for entry in known if entry.type != kinds.ADAPTER.number}
    for name in sorted({MANIFEST, *(entry.name for entry in known)}, key=order):
        if name == MANIFEST:
            yield Part(name=name, size=len(container.metadata), chunks=pieces(container.metadata))
        elif name in whole:
            yield Part(name=name, size=whole[name].raw, chunks=_chunks(container, whole[name]))
        else:
            with Layers(container, threads=1) as found:
                yield _adapter(found)
    for entry in container.entries:
        if entry.type not in kinds.KINDS:
            container.stored(entry)
    with suppress(FormatError, ValueError):
        signatures = bundle.encode(container.signatures)
        yield Part(name=SIGNATURE, size=len(signatures), chunks=[signatures])


def _chunks(container: Container, entry: Entry) -> Iterator[memoryview]:
    """A section's bytes; of tensors, none after the header before its dtype is that of the entry."""
    head = bytearray()
    is_waiting = entry.dtype != 0
    with closing(container.chunks(entry)) as chunks:
        for chunk in chunks:
            if is_waiting:
                head += chunk
                is_waiting = len(head) < min(tensors.header_end(head), entry.raw)
                if not is_waiting:
                    _check_dtype(entry, head)
            yield chunk


def _check_dtype(entry: Entry, head: bytearray) -> None:
    try:
        _rows, _start, dtype = tensors.read_rows(head, size=entry.raw)
    except FormatError as error:
        raise FormatError(f"{entry.describe()}: {error}", offset=entry.at) from error
    if toc.DTYPES[dtype] != entry.dtype:
        message = f"{entry.describe()}: expected dtype {entry.dtype}, as its entry says, got {dtype}"
        raise FormatError(message, offset=entry.at)


def _adapter(found: Layers) -> Part:
    """The adapter's one file, put together from its layers, of which few are in memory at a time."""
    places: dict[str, int | None] = {}
    shapes: dict[str, Shape] = {}
    dtypes: set[DType] = set()
    for layer in found.order:
        for name, tensor in found[layer].items():
            places[name], shapes[name] = layer, tensor.shape
            dtypes.add(tensor.dtype)
        if len(places) > tensors.MAX_TENSORS:
            raise FormatError(f"{TENSORS}: expected at most {tensors.MAX_TENSORS} tensors, got more")
    runs = [(layer, [*names]) for layer, names in itertools.groupby(sorted(places), key=places.__getitem__)]
    if len(runs) > MOST_RUNS * len(found.order):
        got = f"{len(runs)} of {len(found.order)} layers"
        raise FormatError(f"{TENSORS}: expected at most {MOST_RUNS} runs of names for each layer, got {got}")
    head = layers.join_head(shapes, sorted(dtypes))
    size = len(head) + sum(prod(shape) for shape in shapes.values()) * ITEM_SIZE[next(iter(dtypes))]

    def chunks() -> Iterator[Chunk]:
        yield head
        for layer, names in runs:
            for name in names:
                yield from pieces(found[layer][name].data)

    return Part(name=TENSORS, size=size, chunks=chunks())
