"""One rule for the names of base models, which knows the spellings of older files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.manifest import base_slug, matching, older_spellings

SPELLINGS = ["Qwen/Qwen3-0.6B", "qwen3-0.6b", "qwen3-0-6b", "Qwen3_0.6B", "F:\\m\\Qwen3-0.6B"]


@pytest.mark.parametrize("asked", SPELLINGS)
@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_finds_every_other(asked: str, name: str) -> None:
    """Hub ids, folders, short names, dots or dashes."""
    assert matching(asked, ["gemma-2b", name]) == [name]


@pytest.mark.parametrize("name", ["Qwen/Qwen3-0.6B", "qwen3-0.6b", "F:/models/Qwen3-0.6B"])
def test_the_spellings_of_three_older_programs_are_known(name: str) -> None:
    """What they wrote into the names of files and folders."""
    assert {"qwen306b", "qwen3-0-6b", "qwen3-06b", "qwen3-0.6b"} == older_spellings(name)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Qwen/Qwen3-0.6B", "qwen3-0.6b"), ("models/Qwen3_0.6B/", "qwen3-0.6b"), ("C:\\a b\\My Model", "my-model"),
        ("qwen3-tiny", "qwen3-tiny"), ("..", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_name_in_a_file_name_is_the_last_part_in_small_letters(name: str, slug: str) -> None:
    """Nothing in it can lead out of a folder."""
    assert base_slug(name) == slug


def test_the_very_same_name_wins_and_what_stays_open_is_told() -> None:
    """13b is not 1.3b: without its dot a name is another one."""
    names = ["opt-1.3b", "opt-13b", "opt-1-3b"]

    assert matching("opt-1.3b", names) == ["opt-1.3b"]
    assert matching("OPT-13B", names) == ["opt-13b"]
    assert matching("opt_1_3b", ["opt-1.3b", "opt-13b"]) == ["opt-1.3b"]
    assert matching("opt-13b", ["opt-1.3b"]) == []
    assert matching("opt--1.3--b", ["opt-1.3-b", "opt-1-3-b"]) == ["opt-1.3-b"]


@given(st.text())
def test_a_slug_is_one_plain_part_of_a_path(name: str) -> None:
    """Whatever a stranger writes."""
    assert not set(base_slug(name)) & set("/\\: \0\n")
    assert base_slug(base_slug(name)) == base_slug(name)
