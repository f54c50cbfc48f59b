"""The members of a container, as those of an archive: in the same order, with the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from expertkit.adapters import layers, tensors
from expertkit.containers import header, kinds, sources, toc
from expertkit.containers.reader import Container
from expertkit.containers.toc import Entry
from expertkit.errors import FormatError, IntegrityError, SignatureError
from expertkit.manifest import Reading, load
from expertkit.members.contents import Chunk, Part, naming_errors, pieces
from expertkit.members.names import SIGNATURE, order
from expertkit.packages.names import MANIFEST, TENSORS
from expertkit.packages.sections import check_kinds
from expertkit.packages.streaming import Layers


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
    version: str
    """Of the format, such as 1.0."""
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
        FormatError: a section is not of the type that its name has.
        ManifestError: the manifest is wrong.
        IntegrityError: the manifest names other members than there are.
    """
    reading = load(container.metadata, file=f"{file}: {MANIFEST}", compatible=compatible)
    check_kinds(container, reading.manifest)
    integrity = reading.manifest.raw.get("integrity") or {}
    said, there = {*integrity.get("files", {})}, {entry.name for entry in container.entries}
    if said != there:
        wrong = ", ".join(sorted(said ^ there))
        raise IntegrityError(f"{MANIFEST}, integrity: expected the members that are there, got a difference in {wrong}")
    return Outline(
        reading=reading, version=f"{header.MAJOR}.{container.header.minor}", root=container.root,
        entries=container.entries, is_signed=bool(container.signatures),
    )  # fmt: skip


def parts(container: Container) -> Iterator[Part]:
    """Every member, in ``names.order``; chunks are valid until the next is asked for.

    Raises:
        FormatError, IntegrityError: a section is not sound.
        SignatureError: the signatures are more than this program understands.
    """
    whole = {entry.name: entry for entry in container.entries if entry.type != kinds.ADAPTER.number}
    names = {MANIFEST, *(entry.name for entry in container.entries)}
    for name in sorted(names, key=order):
        if name == MANIFEST:
            yield Part(name=name, size=len(container.metadata), chunks=pieces(container.metadata))
        elif name in whole:
            yield Part(name=name, size=whole[name].raw, chunks=_chunks(container, whole[name]))
        else:
            with Layers(container, threads=1) as found:
                yield _adapter(found)
    envelope = only_envelope(container)
    if envelope is not None:
        yield Part(name=SIGNATURE, size=len(envelope), chunks=[envelope])


def _chunks(container: Container, entry: Entry) -> Iterator[memoryview]:
    """A section's bytes; of tensors, once the header among them has the dtype of the entry."""
    if entry.dtype:
        head = bytes(next(container.chunks(entry)))
        _rows, _start, dtype = tensors.read_rows(head, size=entry.raw)
        if toc.DTYPES[dtype] != entry.dtype:
            message = f"{entry.describe()}: expected dtype {entry.dtype}, as its entry says, got {dtype}"
            raise FormatError(message, offset=entry.at)
    yield from container.chunks(entry)


def only_envelope(container: Container) -> bytes | None:
    """The envelope that a container was signed with; None where it was not.

    Raises:
        SignatureError: there is more than one key's own.
    """
    if not container.signatures:
        return None
    first, *more = container.signatures
    if more or first.chain:
        raise SignatureError("signature: expected one, of a key alone, got more or with certificates")
    return first.envelope


def _adapter(found: Layers) -> Part:
    """The adapter's one file, put together from its layers."""
    places = {name: layer for layer in found.order for name in found[layer]}
    tensors = [(name, found[places[name]][name]) for name in sorted(places)]
    head = layers.join_head({name: tensor.shape for name, tensor in tensors}, [tensor.dtype for _, tensor in tensors])
    size = len(head) + sum(len(tensor.data) for _, tensor in tensors)
    del tensors  # or every layer would be held

    def chunks() -> Iterator[Chunk]:
        yield head
        for name in sorted(places):
            yield from pieces(found[places[name]][name].data)

    return Part(name=TENSORS, size=size, chunks=chunks())
