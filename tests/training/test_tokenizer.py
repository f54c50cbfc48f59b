"""The embedded tokenizer keeps every text, and a word is one token wherever it stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from expertkit.data import words
from expertkit.data.domain import DOMAINS, domain
from expertkit.training.tokenizer import END, train_tokenizer

_TOKENIZER = train_tokenizer(vocabulary=2400, seed=1, domains=DOMAINS)
_TRICKY = st.text(alphabet=st.sampled_from('aZ19 _\n\t"(é漢↔Ġ🙂\x00'))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The tokenizer that the embedded bases share."""
    return _TOKENIZER


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(), _TRICKY))
def test_any_text_survives_a_round_trip(text: str) -> None:
    """Decoding gives back every text, letters of the byte alphabet and the joint included."""
    ids = _TOKENIZER.encode(text, add_special_tokens=False).ids

    assert _TOKENIZER.decode(ids, skip_special_tokens=False) == text


@pytest.mark.parametrize("text", ["AVG(price)", '"price"', "list price", "order.price", "a_price", "\nprice"])
def test_a_word_is_the_same_token_wherever_it_stands(tokenizer: Tokenizer, text: str) -> None:
    """After a space, a bracket, a quote, a dot, an underscore or a line feed."""
    assert "Ġprice" in tokenizer.encode(text).tokens


def test_the_words_of_the_domains_are_whole(tokenizer: Tokenizer) -> None:
    """Each name, value and fixed word of the generators is a token of its own."""
    names = [word for name, group in vars(words).items() if name.isupper() and "UNSEEN" not in name for word in group]
    fixed = [word for name in DOMAINS for word in domain(name).KEYWORDS]

    broken = [word for word in (*names, *fixed) if f"Ġ{word}" not in tokenizer.encode(f"x {word}").tokens]

    assert broken == []


def test_unseen_words_are_not_in_the_vocabulary(tokenizer: Tokenizer) -> None:
    """The slice of never-seen names measures copying, so none of them may be a token."""
    unseen = [word for name, group in vars(words).items() if name.startswith("UNSEEN") for word in group]

    known = [word for word in unseen if f"Ġ{word}" in tokenizer.encode(f"x {word}").tokens]

    assert known == []


def test_the_end_token_is_one_token(tokenizer: Tokenizer) -> None:
    """Generation stops at it, so it must not be spelled out."""
    assert len(tokenizer.encode(END).ids) == 1


def test_what_a_model_writes_can_always_be_read(tokenizer: Tokenizer) -> None:
    """A joint without a space after it, which no text encodes to, is left out and spoils nothing else."""
    joint, name = tokenizer.token_to_id("↔"), tokenizer.encode("x price").ids[-1]

    assert tokenizer.decode([joint, joint, name, joint]) == "price"
