"""Names of members."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expertkit.errors import FormatError
from expertkit.members.names import check_name


@pytest.mark.parametrize("name", ["a", "LICENSE", "tests/test_cases.json", "a/b/c/d/e/f/g/h", "a" * 100, "v1.0-rc.1_x"])
def test_plain_names_are_taken(name: str) -> None:
    """Letters, digits, dots, lines and up to eight levels."""
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../a", "a/../b", "a/./b", "/a", "a/", "a//b", "a\\b", "C:a", "a b", "a\nb", "a\0b", "a:b", "ä",
        "a.", "a./b", ".hidden", "a/.hidden", "-rf", "a" * 101, "a/b/c/d/e/f/g/h/i", "con", "NUL", "aux.json",
        "x/com1.txt", "LPT9", "\u2024\u2024/a", "a\u202eb", "~", "$HOME", "a*",
    ],
)  # fmt: skip
def test_other_names_are_refused(name: str) -> None:
    """Nothing that could be another place, a device, or unreadable somewhere."""
    with pytest.raises(FormatError):
        check_name(name)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_a_name_that_is_taken_stays_inside(name: str) -> None:
    """Whatever is accepted is relative, without dots as parts and in ASCII."""
    try:
        check_name(name)
    except FormatError:
        return

    assert name.isascii()
    assert not name.startswith("/")
    assert not {"", ".", ".."} & set(name.split("/"))
