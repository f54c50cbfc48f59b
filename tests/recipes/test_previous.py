"""``previous`` of params.yaml is set without another byte of the file changing."""

from __future__ import annotations

import pytest

from expertkit.errors import ConfigError
from expertkit.recipes.previous import with_previous

VERSIONS = {"expert-sql": "1.0.0", "expert-json": "2.0.0"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("previous: {}\nb: 2\n", "previous: {expert-json: 2.0.0, expert-sql: 1.0.0}\nb: 2\n", id="empty"),
        pytest.param("previous:\nb: 2", "previous: {expert-json: 2.0.0, expert-sql: 1.0.0}\nb: 2", id="no value"),
        pytest.param("previous: null # n\n", "previous: {expert-json: 2.0.0, expert-sql: 1.0.0} # n\n", id="null"),
        pytest.param(
            "a: 1  # one\nprevious:\n    expert-sql: '0.9.0' # old\n\n# end\nb: 2\n",
            "a: 1  # one\nprevious:\n    expert-sql: 1.0.0 # old\n    expert-json: 2.0.0\n\n# end\nb: 2\n",
            id="one a line",
        ),
        pytest.param(
            "previous: {expert-a: 3.0.0}",
            "previous: {expert-a: 3.0.0, expert-json: 2.0.0, expert-sql: 1.0.0}",
            id="in braces",
        ),
        pytest.param(
            "previous:\n  expert-sql:\n  expert-json: null\n",
            "previous:\n  expert-sql: 1.0.0\n  expert-json: 2.0.0\n",
            id="nothing yet",
        ),
        pytest.param(
            "previous:\n  expert-sql: 1.0.0",
            "previous:\n  expert-sql: 1.0.0\n  expert-json: 2.0.0",
            id="without a line end",
        ),
    ],
)
def test_only_the_versions_change(before: str, after: str) -> None:
    """Comments, order, quotes and indentation of everything else stay."""
    assert with_previous(before, VERSIONS) == after


@pytest.mark.parametrize("before", ["a: 1\n", "a: 1"])
def test_a_missing_key_is_added_at_the_end(before: str) -> None:
    """With a line that says what it is."""
    after = with_previous(before, VERSIONS)

    assert after.startswith("a: 1\n\n# ")
    assert after.endswith("previous:\n  expert-json: 2.0.0\n  expert-sql: 1.0.0\n")


def test_setting_what_is_set_changes_nothing() -> None:
    """Whoever promotes twice leaves the file as it is."""
    once = with_previous("a: 1\n", VERSIONS)

    assert with_previous(once, VERSIONS) == once


@pytest.mark.parametrize("before", ["previous: [a]\n", "previous: a\n", "", "- a\n", "a: [\n"])
def test_what_cannot_be_changed_in_place_is_an_error(before: str) -> None:
    """Never another file that means something else."""
    with pytest.raises(ConfigError, match=r"params\.yaml"):
        with_previous(before, VERSIONS)
