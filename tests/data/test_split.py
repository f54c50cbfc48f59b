"""The part a text belongs to depends on the text alone."""

from __future__ import annotations

from collections import Counter

from expertkit.data.split import part_of


def test_the_rule_is_frozen() -> None:
    """Another rule would move schemas from test to train, so released experts could not be tested on fresh seeds."""
    assert [part_of(str(number)) for number in range(12)] == [
        "train",
        "train",
        "train",
        "train",
        "test",
        "train",
        "train",
        "train",
        "test",
        "dev",
        "test",
        "train",
    ]


def test_the_parts_have_their_shares() -> None:
    """About 70 % train, 10 % dev, 20 % test."""
    shares = Counter(part_of(f"text {number}") for number in range(20_000))

    assert 0.68 < shares["train"] / 20_000 < 0.72
    assert 0.09 < shares["dev"] / 20_000 < 0.11
    assert 0.185 < shares["test"] / 20_000 < 0.215
