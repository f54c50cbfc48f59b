"""What is nearly there already, and what only looks like it."""

from __future__ import annotations

import pytest

from expertkit.data.own.check import Entry
from expertkit.data.own.duplicates import near_pairs

_LONG = "please tell me when the parcel that I ordered last week for my sister will arrive at her house in the city"


def entry(question: str, *, answer: str = "soon", context: str = "") -> Entry:
    """An entry that asks so."""
    return Entry(place="a", part=None, category="all", group="", question=question, context=context, answer=answer)


@pytest.mark.parametrize(
    ("other", "is_near"),
    [
        (entry(_LONG + "?"), True),
        (entry(_LONG.replace("please", "Please,")), True),
        (entry(_LONG, answer="never"), False),
        (entry(_LONG.replace("last week", "2 weeks ago")), False),
        (entry(_LONG, context="the parcel is late"), False),
        (entry("when will it arrive"), False),
    ],
    ids=["a mark more", "a comma more", "another answer", "another number", "another context", "another question"],
)
def test_near_is_the_same_answer_and_nearly_the_same_question(other: Entry, *, is_near: bool) -> None:
    """Answers, numbers and contexts tell questions apart that are otherwise alike."""
    assert list(near_pairs([entry(_LONG), other], similarity=0.9)) == ([(0, 1)] if is_near else [])


def test_many_are_compared_by_their_hashes_as_few_are_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pairs are found among more than a few with one answer."""
    words = [f"{first} {word} {_LONG} {word}" for first in "abcdefghij" for word in ("now", "then", "later", "so")]
    entries = [entry(word) for word in (*words, f"{words[7]}!")]

    hashed = sorted(near_pairs(entries, similarity=0.9))
    monkeypatch.setattr("expertkit.data.own.duplicates._FEW", 1000)
    compared = sorted(near_pairs(entries, similarity=0.9))

    assert (7, 40) in hashed
    assert hashed == compared
