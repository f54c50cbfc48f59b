"""The renderer's text, byte for byte, and what it refuses."""

from __future__ import annotations

import pytest

from expertkit.data.prompt import Turn, completion, render, template_hash
from expertkit.errors import ConfigError

_TURN = Turn(
    question="count every invoice", context="CREATE TABLE invoice (id INTEGER);", answer="SELECT COUNT(*) FROM invoice"
)


def test_chatml_renders_these_bytes() -> None:
    """A golden prompt: training, evaluation and use all see it."""
    assert render("chatml", _TURN) + completion("chatml", _TURN.answer) == (
        "<|im_start|>user\ncount every invoice\n\nCREATE TABLE invoice (id INTEGER);<|im_end|>\n"
        "<|im_start|>assistant\nSELECT COUNT(*) FROM invoice<|im_end|>"
    )


def test_examples_are_whole_turns_before_the_question() -> None:
    """A worked example is rendered as the turn it was, then the prompt as it is without examples."""
    alone = render("chatml", _TURN)

    assert render("chatml", _TURN, examples=[_TURN]) == f"{alone}{completion('chatml', _TURN.answer)}\n{alone}"


def test_without_context_there_is_no_empty_line() -> None:
    """The context is optional."""
    assert render("chatml", Turn(question="hello")) == "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"


def test_an_unknown_template_is_an_error_that_names_the_nearest() -> None:
    """Nothing falls back to another template."""
    with pytest.raises(ConfigError, match="did you mean 'chatml'"):
        render("chatm", _TURN)


def test_the_template_hash_is_frozen() -> None:
    """Another hash is another template: every released package would disagree with it."""
    assert template_hash("chatml") == "cbb9b6352b6102d2713e05daa014c4c81968b422174ad88ba297c12eaca54f8c"
