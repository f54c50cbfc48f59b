"""What tokens write is what the tokenizer would decode them to, in any order and company."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from expertkit.errors import CompatibilityError
from expertkit.runtime.spelling import Spelling, read_spelling

_TOKENIZER = AutoTokenizer.from_pretrained("models/qwen3-tiny")
_SPELLING = read_spelling(_TOKENIZER)
_TEXTS = [at for at, text in enumerate(_SPELLING.plain) if text is not None]
_JOINTS = [at for at in _TEXTS if _SPELLING.joins[at]]
_SPACES = [at for at in _TEXTS if (_SPELLING.plain[at] or b"").startswith(b" ")]


def write(spelling: Spelling, tokens: list[int]) -> bytes:
    """What they write one after another."""
    after = [False, *(spelling.joins[token] for token in tokens)]
    texts = [
        (spelling.joined if joined else spelling.plain)[token] for token, joined in zip(tokens, after, strict=False)
    ]
    return b"".join(text for text in texts if text is not None)


@settings(max_examples=300, deadline=None)
@given(tokens=st.lists(st.sampled_from(_TEXTS) | st.sampled_from(_JOINTS) | st.sampled_from(_SPACES), max_size=12))
def test_tokens_write_what_they_are_decoded_to(tokens: list[int]) -> None:
    """Joints and spaces in any order, and pieces of letters, included."""
    assert write(_SPELLING, tokens).decode(errors="replace") == _TOKENIZER.decode(tokens)


def test_a_text_is_written_by_its_tokens() -> None:
    """Its bytes, letters of more than one byte and the joint itself included; no special token is text."""
    text = 'SELECT AVG(price) FROM "größe" -- ↔ 漢'

    assert write(_SPELLING, _TOKENIZER.encode(text, add_special_tokens=False)) == text.encode()
    assert _SPELLING.plain[_TOKENIZER.eos_token_id] is None


def test_a_token_after_a_joint_loses_its_space() -> None:
    """That is all that depends on what was written before."""
    differing = {at for at in _TEXTS if _SPELLING.plain[at] != _SPELLING.joined[at]}

    assert differing == set(_SPACES)
    assert all(_SPELLING.plain[at] == b" " + (_SPELLING.joined[at] or b"") for at in _SPACES)


def plain(decoder: Any) -> PreTrainedTokenizerFast:
    """A tokenizer of three tokens."""
    tokenizer = Tokenizer(models.BPE(vocab={"a": 0, "Ġa": 1, "<end>": 2}, merges=[]))
    tokenizer.decoder = decoder
    tokenizer.add_special_tokens(["<end>"])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def test_other_tokenizers_of_bytes_are_read_too() -> None:
    """Without joints a token writes the same everywhere."""
    spelling = read_spelling(plain(decoders.ByteLevel()))

    assert spelling.plain == spelling.joined == (b"a", b" a", None)
    assert not any(spelling.joins)


@pytest.mark.parametrize(
    "decoder", [decoders.Metaspace(), decoders.Sequence([decoders.Replace("a", "b"), decoders.ByteLevel()])]
)
def test_a_tokenizer_of_another_kind_is_refused(decoder: Any) -> None:
    """What its tokens write is not known."""
    with pytest.raises(CompatibilityError, match="tokens that stand for bytes"):
        read_spelling(plain(decoder))


def test_the_bases_have_tokenizers_of_bytes() -> None:
    """Those that lie in the repository, so that each expert can be held to its grammar."""
    folders = sorted(path.parent for path in Path("models").glob("*/tokenizer.json"))

    assert len(folders) == 2
    for folder in folders:
        assert len(read_spelling(AutoTokenizer.from_pretrained(folder)).plain) == 2400
