"""JSON has one meaning for every reader, or it is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.errors import FormatError
from expertkit.strict_json import MAX_DEPTH, loads

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_json_writes_is_read_back(value: object) -> None:
    """Strictness refuses no honest text."""
    assert loads(json.dumps(value).encode(), file="x") == value
    assert loads(json.dumps(value, ensure_ascii=False).encode(), file="x") == value


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "each key once in an object, got 'c' twice"),
        (b'{"a": 1, "\\u0061": 2}', "each key once in an object, got 'a' twice"),
        (b"[NaN]", "got NaN"),
        (b"[-Infinity]", "got -Infinity"),
        (b"[1e999]", "a finite number, got 1e999"),
        (b"[9007199254740992]", "an integer within"),
        (b"[" + b"9" * 5000 + b"]", "an integer within"),
        (b'"\\ud800"', "a lone surrogate \\ud800"),
        (b'"\\udc00\\ud800"', "a lone surrogate"),
        (b'"\xff"', "expected UTF-8"),
        (b'"\xed\xa0\x80"', "expected UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"", "expected JSON"),
        (b"{} {}", "expected JSON"),
        (b"{'a': 1}", "expected JSON"),
        (b'{"a": 1,}', "expected JSON"),
        (b'"a\nb"', "expected JSON"),
        (b'["unfinished', "expected JSON"),
    ],
)
def test_a_text_that_others_could_read_otherwise_is_refused(data: bytes, told: str) -> None:
    """Duplicate keys, numbers beyond what doubles hold, half characters and near-JSON are errors."""
    with pytest.raises(FormatError) as refusal:
        loads(data, file="x.json")

    assert str(refusal.value).startswith("x.json: ")
    assert told in str(refusal.value)


def test_pairs_of_surrogates_and_escaped_backslashes_are_characters() -> None:
    r"""``\\ud800`` inside a text is five plain characters after a backslash."""
    assert loads(rb'["\ud83d\ude00", "\\ud800"]', file="x") == ["😀", "\\ud800"]


def test_depth_is_counted_before_the_text_is_parsed() -> None:
    """A hundred thousand brackets cost no recursion; brackets in texts do not count."""
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH

    assert loads(deepest, file="x") is not None
    assert loads(json.dumps("[" * 1000).encode(), file="x") == "[" * 1000
    for data in (b"[" + deepest + b"]", b"[" * 100_000, b'{"a":' * 100_000):
        with pytest.raises(FormatError, match="at most 32 levels"):
            loads(data, file="x")


def test_size_is_capped_at_the_byte() -> None:
    """What is longer than the cap is not looked at."""
    assert loads(b"[1, 2]", file="x", max_bytes=6) == [1, 2]

    with pytest.raises(FormatError, match="at most 5 bytes, got 6") as refusal:
        loads(b"[1, 2]", file="x", max_bytes=5)

    assert refusal.value.offset == 5


def test_the_offset_counts_bytes() -> None:
    """Characters of several bytes before the fault are counted as such."""
    with pytest.raises(FormatError) as refusal:
        loads('{"é": 1 "b"}'.encode(), file="x")

    assert refusal.value.offset == 9
