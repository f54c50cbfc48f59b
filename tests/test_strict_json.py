"""JSON has one meaning for every reader, or it is refused."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.errors import FormatError, Problem
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
        (b"[NaN]", "got NaN on line 1 column 2"),
        (b"[-Infinity]", "got -Infinity"),
        (b'["1e999",\n 1e999]', "a finite number, got 1e999 on line 2 column 2"),
        (b"[9007199254740992]", "got 9007199254740992 on line 1 column 2"),
        (b"[" + b"9" * 5000 + b"]", "an integer within"),
        (b'["a",\n"\\ud800"]', "a lone surrogate \\ud800 on line 2 column 2"),
        (b'"\\udc00\\ud800"', "a lone surrogate"),
        (b'{"\xc3\xa9":\n"\xc3\xa9\xff"}', "expected UTF-8, got invalid start byte on line 2 column 3"),
        (b'"\xed\xa0\x80"', "expected UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"", "expected JSON"),
        (b"{} {}", "expected JSON"),
        (b"{'a': 1}", "expected JSON"),
        (b'{"a": 1,}', ") on line 1 column "),
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
        with pytest.raises(FormatError, match="at most 32 levels, got more on line 1 column"):
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


def test_every_repeated_key_is_told_with_its_pointer_and_line() -> None:
    """A key that is there three times is told twice, and the one of an inner object is not the outer one's."""
    data = b'{"a": 1, "b": [0, {"c/d": ["x", "a"], "e": {"a": 2},\n "c/d": 2}], "a": 3,\n\n"a": 4}'
    again: list[Problem] = []

    value = loads(data, file="x.json", repeated=again)
    with pytest.raises(FormatError) as refusal:
        loads(data, file="x.json")

    assert value == {"a": 4, "b": [0, {"c/d": 2, "e": {"a": 2}}]}
    assert [(problem.place, problem.got) for problem in again] == [
        ("/b/1/c~1d", "'c/d' twice, again on line 2 column 2"),
        ("/a", "'a' twice, again on line 2 column 14"),
        ("/a", "'a' twice, again on line 4 column 1"),
    ]
    assert str(refusal.value).splitlines() == [str(problem) for problem in again]


def test_many_repeated_keys_are_found_at_once() -> None:
    """The time grows as the text does."""
    data = b"{" + b",\n".join([b'"a":0'] * 100_000) + b"}"
    again: list[Problem] = []

    begun = time.process_time()
    loads(data, file="x", repeated=again)

    assert len(again) == 99_999
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("number", ["1e400", "25106e609781", "9007199254740993"])
@pytest.mark.parametrize("after", ["", "ab", "_"])
def test_a_number_that_runs_into_something_else_is_refused_where_it_stands(number: str, after: str) -> None:
    """The parser takes the number alone, whatever follows it without a sign between."""
    with pytest.raises(FormatError) as refusal:
        loads(f'{{"a": {number}{after}}}'.encode(), file="x.json")

    assert refusal.value.offset == len('{"a": ')
