"""Answers that are held to a grammar are sentences of it, and those that are sentences anyway stay the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from expertkit.data.domain import domain
from expertkit.errors import FormatError
from expertkit.runtime.generation import Answer, Choose
from expertkit.runtime.grammar import Engine, Text, open_grammar
from expertkit.runtime.spelling import read_spelling
from tests.experts.gbnf import is_sentence
from tests.experts.test_experts import DOMAINS, WRONG, grammar

_TOKENIZER = AutoTokenizer.from_pretrained("models/qwen3-tiny")
_SPELLING = read_spelling(_TOKENIZER)
_END = _TOKENIZER.eos_token_id
_SMALL = 'root ::= "SELECT " ( column ", " )? column " FROM " [a-z] [a-z]?\ncolumn ::= "*" | "AVG(" [a-z] ")" | "\'é\'"'


def encode(text: str) -> list[int]:
    """Its tokens as the tokenizer cuts it."""
    return list(_TOKENIZER.encode(text, add_special_tokens=False))


def cut(text: str, rng: random.Random) -> list[int]:
    """Its tokens cut at random, as only a model would write them."""
    cuts = sorted(rng.sample(range(1, len(text)), k=min(3, len(text) - 1)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return [token for piece in pieces for token in encode(piece)]


def begin(engine: Engine, tokens: Sequence[int]) -> Text:
    """A text that begins with them."""
    text = engine.begin()
    assert all(text.take(token) for token in tokens)
    return text


def accepts(engine: Engine, tokens: Sequence[int]) -> bool:
    """Whether they write a sentence."""
    text = engine.begin()
    return all(text.take(token) for token in tokens) and text.is_whole()


def write(choose: Choose, wanted: Sequence[Sequence[int]], *, most: int) -> list[list[int]]:
    """What is written where the logits want each answer to go on as in ``wanted``, and like noise after that."""
    answers = [Answer(prompt=at) for at in range(len(wanted))]
    noise = torch.Generator().manual_seed(1)
    writing = answers
    for step in range(most):
        logits = torch.randn((len(writing), len(_TOKENIZER)), generator=noise)
        for row, answer in zip(logits, writing, strict=True):
            row[wanted[answer.prompt][step] if step < len(wanted[answer.prompt]) else _END] += 20
        chosen = choose(logits, writing)
        going = [(answer, token) for answer, token in zip(writing, chosen, strict=True) if token != _END]
        writing = [answer for answer, _ in going]
        for answer, token in going:
            answer.tokens.append(token)
    return [answer.tokens for answer in answers]


@pytest.mark.parametrize("expert", DOMAINS)
def test_every_right_answer_of_an_expert_can_be_written(expert: str) -> None:
    """500 items of the test part, token by token, and cut in other ways; what is wrong cannot."""
    engine = Engine(grammar(Path(expert)), _SPELLING)
    answers = [item.answer for item in domain(DOMAINS[expert]).generate("test", count=500, seed=3)]
    rng = random.Random(1)

    refused = [answer for answer in answers if not accepts(engine, encode(answer))]

    assert len(answers) == 500
    assert refused == []
    assert all(accepts(engine, cut(answer, rng)) for answer in answers[:50])
    assert not any(accepts(engine, encode(text)) for text in WRONG[expert])


@pytest.mark.parametrize("expert", DOMAINS)
def test_what_is_admitted_is_what_can_be_taken(expert: str) -> None:
    """Of all tokens, at each place of an answer, after joints too."""
    engine = Engine(grammar(Path(expert)), _SPELLING)
    (item,) = domain(DOMAINS[expert]).generate("test", count=1, seed=4)
    text, tokens = engine.begin(), encode(item.answer)

    for at, token in enumerate(tokens):
        writing = np.flatnonzero(text.admitted())
        assert token in writing
        begun = [begin(engine, tokens[:at]) for _ in range(3)]
        assert [
            each.take(int(other)) for each, other in zip(begun, writing[[0, len(writing) // 2, -1]], strict=True)
        ] == [True] * 3
        assert text.take(token)


def test_an_answer_that_is_a_sentence_is_not_changed() -> None:
    """Whichever way its text is cut into tokens, joints that join nothing included."""
    rng = random.Random(2)
    joint = _TOKENIZER.convert_tokens_to_ids("↔")
    sentences = ["SELECT * FROM a", "SELECT AVG(a), 'é' FROM ab", "SELECT *, * FROM zz"]
    wanted = [cut(sentence, rng) for sentence in sentences for _ in range(20)]
    wanted += [[joint, *encode(sentence), joint] for sentence in sentences]

    assert write(open_grammar(_SMALL, _TOKENIZER, end=_END), wanted, most=40) == wanted


def test_an_answer_that_is_none_becomes_one() -> None:
    """What goes astray is led back at once, and ends only where a sentence does."""
    astray = ["select * from a", "SELECT * FROM", "SELECT a FROM b", "SELECT * FROM abc", "", "SELECT AVG(↔ )", "é"]

    written = write(open_grammar(_SMALL, _TOKENIZER, end=_END), [encode(text) for text in astray], most=60)

    texts = [_TOKENIZER.decode(tokens) for tokens in written]
    assert all(is_sentence(_SMALL, text) for text in texts), texts
    assert texts[3] == "SELECT * FROM ab"
    assert not any(is_sentence(_SMALL, text) for text in astray)


@pytest.mark.parametrize("text", ["", "root ::= missing", 'other ::= "a"'])
def test_a_grammar_that_says_nothing_is_refused(text: str) -> None:
    """The engine's reason is told."""
    with pytest.raises(FormatError, match="grammar: expected"):
        open_grammar(text, _TOKENIZER, end=_END)
