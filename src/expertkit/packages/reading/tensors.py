"""The adapters in a package, checked while it is read: no second pass, and nothing believed that was not looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from expertkit.adapters import Shape, StreamCheck, describe_as
from expertkit.adapters.tensors import MAX_TENSORS
from expertkit.errors import FormatError
from expertkit.manifest import AdapterEntry
from expertkit.members.contents import Chunk, Part
from expertkit.osd.file.blob import Header
from expertkit.packages import carriers

_SUFFIX = ".safetensors"


class Tensors:
    """Checks every safetensors and every OSD file that goes through it, and remembers the shapes in each."""

    def __init__(self) -> None:
        self.shapes: dict[str, dict[str, Shape]] = {}
        """By the name of the member, then of the tensor; of an OSD file those that it decodes to."""
        self.headers: dict[str, Header] = {}
        """Of each OSD file, by the name of the member."""
        self._count = 0

    def __call__(self, part: Part) -> Part:
        """The same member, whose chunks are checked as they are taken."""
        if carriers.is_osd(part.name):
            return replace(part, chunks=_naming(part.name, self._collected(part)))
        return replace(part, chunks=_naming(part.name, self._checked(part))) if part.name.endswith(_SUFFIX) else part

    def _checked(self, part: Part) -> Iterator[Chunk]:
        check = StreamCheck(part.size)
        for chunk in part.chunks:
            check.feed(chunk)
            yield chunk
        self._remember(part.name, check.end())

    def _collected(self, part: Part) -> Iterator[Chunk]:
        """An OSD file is looked at once it is there whole: its numbers are compressed."""
        data = bytearray()
        for chunk in part.chunks:
            data += chunk
            yield chunk
        header = carriers.read_header(memoryview(data))
        self._remember(part.name, carriers.shapes(header))
        carriers.check_numbers(memoryview(data), header)
        self.headers[part.name] = header

    def _remember(self, name: str, shapes: dict[str, Shape]) -> None:
        self._count += len(shapes)
        if self._count > MAX_TENSORS:
            raise FormatError(f"safetensors: expected at most {MAX_TENSORS} tensors in all, got more")
        self.shapes[name] = shapes


def _naming(name: str, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """A member's chunks.

    Raises:
        FormatError: it is malformed, or holds a number that is not finite.
    """
    try:
        yield from chunks
    except FormatError as error:
        raise FormatError(f"{name}: {error}", hint=error.hint) from error  # its offset is one in the member


def describe_entry(adapter: AdapterEntry) -> str:
    """What an adapter is, as a manifest has it."""
    return describe_as(adapter.type, rank=adapter.r, modules=adapter.target_modules or (), tokens=adapter.tokens)
