"""What each token writes, in bytes, for tokenizers whose tokens stand for bytes.

The embedded tokenizer takes a joint away with the space after it, so what a token writes depends on whether the one
before it ended in a joint, and on nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from expertkit.errors import CompatibilityError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """The bytes of each token by its id; None for one that is no text."""

    plain: tuple[bytes | None, ...]
    joined: tuple[bytes | None, ...]
    """The same after a token that ends in a joint."""
    joins: tuple[bool, ...]
    """Whether a token ends in a joint."""


def read_spelling(tokenizer: PreTrainedTokenizerBase) -> Spelling:
    """What the tokens of a tokenizer write; special and added ones are no text.

    Raises:
        CompatibilityError: its tokens do not stand for bytes, or what they write depends on more than a joint.
    """
    layout = json.loads(tokenizer.backend_tokenizer.to_str())
    joint = _joint(_steps(layout["decoder"]))
    added = {each["content"] for each in layout["added_tokens"]}
    vocabulary = {number: token for token, number in tokenizer.get_vocab().items()}
    tokens = [None if (token := vocabulary.get(at)) in added else token for at in range(max(vocabulary) + 1)]
    return Spelling(
        plain=tuple(_spell(token, joint, is_joined=False) for token in tokens),
        joined=tuple(_spell(token, joint, is_joined=True) for token in tokens),
        joins=tuple(bool(joint) and token is not None and token.endswith(joint) for token in tokens),
    )


def _steps(decoder: Any) -> list[tuple[str, ...]]:
    """What a decoder does after putting the tokens together: the kind of each step, with what it replaces."""
    steps = decoder["decoders"] if decoder and decoder["type"] == "Sequence" else [decoder or {"type": "none"}]
    return [_step(step) for step in steps if step["type"] != "Fuse"]


def _step(step: Any) -> tuple[str, ...]:
    if step["type"] != "Replace":
        return (step["type"],)
    return ("Replace", str(step["pattern"].get("String")), step["content"])


def _joint(steps: Sequence[tuple[str, ...]]) -> str:
    """What the decoder takes away with a space after it and alone; empty where it takes nothing away."""
    match steps:
        case [("ByteLevel",)]:
            return ""
        case [("Replace", together, ""), ("Replace", joint, ""), ("ByteLevel",)] if together == joint + _SPACE:
            return joint
        case _:
            kinds = ", ".join(step[0] for step in steps)
            raise CompatibilityError(f"tokenizer: expected tokens that stand for bytes, got a decoder of {kinds}")


def _spell(token: str | None, joint: str, *, is_joined: bool) -> bytes | None:
    if token is None:
        return None
    text = f"{joint}{token}" if is_joined else token
    if joint:
        text = text.replace(joint + _SPACE, "").replace(joint, "")
    return bytes(_BYTES[letter] for letter in text)


def _alphabet() -> dict[str, int]:
    """The byte of each letter that byte-level tokenizers write bytes with: GPT-2's ``bytes_to_unicode``."""
    printed = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printed]
    return {chr(byte): byte for byte in printed} | {chr(0x100 + at): byte for at, byte in enumerate(others)}


_BYTES = _alphabet()
_SPACE = next(letter for letter, byte in _BYTES.items() if byte == ord(" "))
