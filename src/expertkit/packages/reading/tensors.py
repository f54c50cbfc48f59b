"""The adapters in a package, checked while it is read: no second pass, and nothing believed that was not looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from expertkit.adapters import Shape, StreamCheck, describe, describe_as
from expertkit.adapters.tensors import MAX_TENSORS
from expertkit.errors import FormatError
from expertkit.manifest import AdapterEntry
from expertkit.members.contents import Chunk, Part

_SUFFIX = ".safetensors"


class Tensors:
    """Checks every safetensors file that goes through it, and remembers the shapes in each."""

    def __init__(self) -> None:
        self.shapes: dict[str, dict[str, Shape]] = {}
        """By the name of the member, then of the tensor."""
        self._count = 0

    def __call__(self, part: Part) -> Part:
        """The same member, whose chunks are checked as they are taken."""
        return replace(part, chunks=self._checked(part)) if part.name.endswith(_SUFFIX) else part

    def _checked(self, part: Part) -> Iterator[Chunk]:
        """The member's chunks.

        Raises:
            FormatError: it is malformed, or holds a number that is not finite.
        """
        check = StreamCheck(part.size)
        try:
            for chunk in part.chunks:
                check.feed(chunk)
                yield chunk
            self._remember(part.name, check.end())
        except FormatError as error:
            raise FormatError(f"{part.name}: {error}") from error  # its offset is one in the member

    def _remember(self, name: str, shapes: dict[str, Shape]) -> None:
        self._count += len(shapes)
        if self._count > MAX_TENSORS:
            raise FormatError(f"safetensors: expected at most {MAX_TENSORS} tensors in all, got more")
        self.shapes[name] = shapes


def describe_entry(adapter: AdapterEntry) -> str:
    """What an adapter is, as a manifest has it."""
    return describe_as(adapter.type, rank=adapter.r, modules=adapter.target_modules or (), tokens=adapter.tokens)


def describe_shapes(shapes: Mapping[str, Shape]) -> str:
    """The same, as its tensors have them, or why they are no adapter of ours."""
    try:
        return describe(shapes)
    except FormatError as error:
        return str(error)
