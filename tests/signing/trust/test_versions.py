"""Versions are ordered as semver.org says."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from expertkit.signing.trust.versions import order

SORTED = (
    "0.0.9", "0.1.0", "1.0.0-0", "1.0.0-9", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
    "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "10.0.0",
)  # fmt: skip
NUMBERS = st.integers(min_value=0, max_value=10**30)


def test_the_order_of_the_standard() -> None:
    """Its own example, and numbers that are no texts."""
    for older, newer in itertools.combinations(SORTED, 2):
        assert order(older) < order(newer), (older, newer)


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS), st.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_releases_are_ordered_by_their_numbers(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    """However long they are."""
    older, newer = (".".join(map(str, each)) for each in (first, second))

    assert (order(older) < order(newer)) == (first < second)


def test_build_metadata_has_no_order() -> None:
    """What stands after a plus is not looked at."""
    assert order("1.0.0+a") == order("1.0.0+b") == order("1.0.0")
    assert order("1.0.0-rc.1+x-y") == order("1.0.0-rc.1")
