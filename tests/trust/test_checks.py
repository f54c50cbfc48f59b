"""Checks that stand behind others: each is met here alone, so that it would be missed."""

from __future__ import annotations

import pytest

from expertkit.errors import FormatError
from expertkit.members import bundle
from expertkit.signing import canonical


def test_too_many_signatures_to_look_at_are_not_looked_at() -> None:
    """The whole file has a limit, whatever each line of it has."""
    with pytest.raises(FormatError, match="signatures: expected at most 4194304 bytes"):
        bundle.decode(b"\n" * (4194304 + 1))


def test_too_long_a_text_is_not_parsed() -> None:
    """What is too long is told before anything of it is read."""
    with pytest.raises(FormatError, match="text: expected at most 1 bytes, got 2"):
        canonical.loads(b"{}", what="text", max_bytes=1)


def test_another_form_of_the_same_text_is_no_form_of_it() -> None:
    """Who reads it does not have to write it again to notice."""
    assert canonical.loads(b"{}", what="text", max_bytes=9) == {}
    with pytest.raises(FormatError, match="text: expected RFC 8785 JSON, got another form of it"):
        canonical.loads(b"{ }", what="text", max_bytes=9)
