"""Tokenizer files that are made from the others."""

from __future__ import annotations

import pytest

from expertkit.errors import FormatError
from expertkit.packages.making.tokenizer import special_tokens, vocabulary


def test_special_tokens_are_texts() -> None:
    """Tokens are taken from texts and from objects; absent and null ones are left out."""
    config = {
        "eos_token": "<end>",
        "pad_token": {"content": "<pad>", "lstrip": False},
        "unk_token": None,
        "extra_special_tokens": [{"content": "<x>"}, "<y>"],
        "model_max_length": 5,
    }

    assert special_tokens(config) == {
        "eos_token": "<end>",
        "pad_token": "<pad>",
        "additional_special_tokens": ["<x>", "<y>"],
    }


def test_a_vocabulary_is_in_the_order_of_its_ids() -> None:
    """BPE and WordPiece have a mapping, Unigram a list."""
    assert list(vocabulary({"model": {"vocab": {"b": 1, "a": 0}}}).items()) == [("a", 0), ("b", 1)]
    assert vocabulary({"model": {"vocab": [["x", -1.0], ["y", -2.0]]}}) == {"x": 0, "y": 1}


@pytest.mark.parametrize("tokenizer", [{}, {"model": None}, {"model": {}}, {"model": {"vocab": 3}}])
def test_a_tokenizer_without_vocabulary_is_refused(tokenizer: dict[str, object]) -> None:
    """Nothing is guessed."""
    with pytest.raises(FormatError, match="vocab"):
        vocabulary(tokenizer)
