"""Values of DER: one encoding each, and reading undoes writing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.errors import FormatError
from expertkit.signing.certificates import der

moments = st.datetimes(datetime(1950, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
arcs = st.tuples(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**40), max_size=6))


def split(data: bytes) -> list[der.Value]:
    """The values that follow one another."""
    return list(der.values(data, "test"))


def only(data: bytes) -> der.Value:
    """The value that ``data`` is."""
    (value,) = split(data)
    return value


@given(st.integers(0, 2**200))
def test_a_number_survives(number: int) -> None:
    """From 0 on, of any size."""
    assert der.read_integer(only(der.integer(number)), "test") == number


@given(moments)
def test_a_time_survives(moment: datetime) -> None:
    """Before and from 2050 on."""
    assert der.read_time(only(der.time(moment)), "test") == moment


@given(arcs)
def test_an_object_identifier_survives(parts: tuple[int, int, list[int]]) -> None:
    """Its text gives its bytes, and they its text."""
    first, second, rest = parts
    text = ".".join(map(str, (first, second, *rest)))

    assert der.read_oid(only(der.oid(text)), "test") == text


@given(st.frozensets(st.integers(0, 7), min_size=1))
def test_flags_survive(bits: frozenset[int]) -> None:
    """Every set of the first eight."""
    assert der.read_flags(only(der.flags(bits)), "test") == bits


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_values_follow_one_another(contents: list[bytes]) -> None:
    """Whatever their lengths are."""
    found = split(b"".join(der.encode(der.OCTETS, content) for content in contents))

    assert [value.content for value in found] == contents


@given(st.binary(max_size=40))
def test_any_bytes_are_values_that_are_written_the_same_or_malformed(data: bytes) -> None:
    """What is read has no second encoding."""
    try:
        found = split(data)
    except FormatError:
        return
    assert b"".join(der.encode(value.tag, value.content) for value in found) == data


@pytest.mark.parametrize(
    "data",
    ["30", "3080", "308100", "30817f", "30820080", "3085000000000100", "3001", "1f0100", "0000", "30ff"],
)
def test_a_value_has_one_encoding(data: str) -> None:
    """Cut off, indefinite, longer than needed, of a long tag, or of the tag that ends contents."""
    with pytest.raises(FormatError, match=r"^test: "):
        split(bytes.fromhex(data))


@pytest.mark.parametrize("content", ["", "0001", "ffff", "00"[:0]])
def test_a_number_has_one_form(content: str) -> None:
    """The shortest."""
    with pytest.raises(FormatError, match="shortest form"):
        der.read_integer(only(der.encode(der.INTEGER, bytes.fromhex(content))), "test")


@pytest.mark.parametrize("content", ["", "80", "8001", "2a8001", "2a80", "2aff8001"[:6], "2a" * 65])
def test_an_object_identifier_has_one_form(content: str) -> None:
    """No zeros before a number, none that does not end, none too long."""
    with pytest.raises(FormatError, match="object identifier"):
        der.read_oid(only(der.encode(der.OID, bytes.fromhex(content))), "test")


@pytest.mark.parametrize("text", ["a*b", "a@b", "a_b", "a&b", "a\x00b"])
def test_a_printable_text_has_few_characters(text: str) -> None:
    """X.680 lists them; in UTF-8 they may be others, but none that a terminal obeys."""
    with pytest.raises(FormatError, match="expected printable characters"):
        der.read_text(only(der.encode(der.PRINTABLE, text.encode())), "test")

    whole = only(der.encode(der.UTF8, text.encode()))
    if "\x00" not in text:
        assert der.read_text(whole, "test") == text
        return
    with pytest.raises(FormatError, match="expected printable characters"):
        der.read_text(whole, "test")


def test_what_is_left_over_or_missing_is_named() -> None:
    """The tag that came, and the one that was expected."""
    fields = der.Fields(der.integer(1), "test")

    with pytest.raises(FormatError, match="expected tag 0x30, got 0x02"):
        fields.take(der.SEQUENCE)
    with pytest.raises(FormatError, match="expected its end, got tag 0x02"):
        fields.end()
    fields.take(der.INTEGER)
    with pytest.raises(FormatError, match="expected tag 0x30 or 0x31, got the end"):
        fields.take(der.SEQUENCE, der.SET)
