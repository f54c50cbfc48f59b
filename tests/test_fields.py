"""Declared dataclasses are read with every problem at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest

from expertkit.errors import Problem
from expertkit.fields import UNREAD, Entries, Part, Place, Range, Text, describe, miss, read, read_any, read_part


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A value inside another."""

    name: Annotated[str, Text(r"[a-z]+", "a lower-case word")]
    size: Annotated[int, Range(1, 9)] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    """One field of every type."""

    rate: Annotated[float, Range(above=0, high=1)]
    mode: Literal["fast", "slow"] = "fast"
    is_open: bool = False
    inner: tuple[Inner, ...] = ()
    marks: Annotated[tuple[int, ...], Entries(low=1)] = (1,)
    note: str | Inner | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    part: Annotated[Mapping[str, Any], Part(Inner)] = field(default_factory=dict)
    source: object = field(default=None, metadata=UNREAD)


def problems_of(kind: Any, value: object, *, comments: bool = False) -> list[str]:
    """What is wrong with a value, as text."""
    problems: list[Problem] = []
    read_any(kind, value, Place("file", problems, is_json=comments))
    return [str(problem) for problem in problems]


def test_a_right_value_becomes_the_dataclass_that_declares_it() -> None:
    """Nested objects, lists, unions and numbers arrive in their declared types."""
    problems: list[Problem] = []
    value = {
        "rate": 1,
        "inner": [{"name": "a"}],
        "note": {"name": "b", "size": 2},
        "sizes": {"x": 3},
        "part": {"size": 4},
    }

    outer = read(Outer, value, Place("file", problems))

    assert problems == []
    assert outer == Outer(
        rate=1.0, inner=(Inner(name="a"),), note=Inner(name="b", size=2), sizes={"x": 3}, part={"size": 4}
    )
    assert type(outer.rate) is float


def test_every_problem_is_reported_at_once_with_its_place() -> None:
    """A person fixes a file once."""
    value = {
        "rate": 0,
        "mode": "fats",
        "is_open": 1,
        "inner": [{"name": "a"}, {"name": "A", "sise": 3}],
        "marks": [1, 1],
        "note": 5,
        "part": {"size": 10, "nam": "c"},
        "source": 1,
    }

    found = problems_of(Outer, value)

    assert sorted(found) == [
        'file: inner[1].name: expected a lower-case word, got "A"',
        "file: inner[1].sise: expected a known key, got \"sise\", did you mean 'size'?",
        "file: is_open: expected true or false, got 1",
        "file: marks: expected a list (a whole number each), no two alike, at least 1, got [1, 1]",
        'file: mode: expected one of "fast", "slow", got "fats", did you mean \'fast\'?',
        "file: note: expected a text or a mapping or null, got 5",
        "file: part.nam: expected a known key, got \"nam\", did you mean 'name'?",
        "file: part.size: expected a whole number in 1..9, got 10",
        "file: rate: expected a number, above 0 and at most 1, got 0",
        'file: source: expected a known key, got "source"',
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, True), (int, 1.0), (int, "1"), (int, 2**53), (int, None),
        (float, True), (float, float("nan")), (float, float("inf")), (float, 10**400), (float, "1"),
        (str, 1), (bool, 0), (bool, None), (Literal[1], True), (tuple[int, ...], "ab"), (tuple[int, ...], {"a": 1}),
        (Mapping[str, int], []), (Inner, []), (Inner | None, []),
        (Annotated[str, Text(r"[a-z]+", "a word")], "a\n"), (Annotated[str, Text(r"\d+", "digits")], "٣"),
    ],
    ids=repr,
)  # fmt: skip
def test_nothing_is_taken_for_another_type(kind: Any, value: object) -> None:
    """No text is a number, no number a flag, no float a count; numbers that JSON cannot hold are none."""
    found = problems_of(kind, value)

    assert len(found) == 1
    assert describe(kind) in found[0]


def test_a_missing_key_is_named_once_even_when_misspelt() -> None:
    """A misspelt key is one problem, not an unknown and a missing one."""
    absent = problems_of(Inner, {})
    misspelt = problems_of(Inner, {"nmae": "a"})

    assert absent == ["file: name: expected a lower-case word, got nothing"]
    assert misspelt == ["file: nmae: expected a known key, got \"nmae\", did you mean 'name'?"]


def test_underscored_keys_are_comments_only_where_comments_are_allowed() -> None:
    """JSON has no comments of its own, YAML has."""
    value = {"name": "a", "_why": "because"}

    assert problems_of(Inner, value, comments=True) == []
    assert problems_of(Inner, value) == ['file: _why: expected a known key, got "_why"']


def test_a_part_keeps_what_is_right_beside_what_is_wrong() -> None:
    """Layers are checked for gaps even when one of their keys is wrong."""
    problems: list[Problem] = []
    place = Place("file", problems, "defaults.inner")

    layer = read_part(Part(Inner, also={"extra": bool}), {"size": 0, "extra": True}, place)
    miss(Inner, layer, place)

    assert layer == {"size": None, "extra": True}
    assert [problem.place for problem in problems] == ["defaults.inner.size", "defaults.inner.name"]


def test_a_field_left_out_of_a_part_is_unknown_there() -> None:
    """What another place decides cannot be set here."""
    problems: list[Problem] = []

    read_part(Part(Inner, without=frozenset({"name"})), {"name": "a"}, Place("file", problems))

    assert [str(problem) for problem in problems] == ['file: name: expected a known key, got "name"']


def test_a_place_tells_whether_anything_was_wrong_since_a_mark() -> None:
    """Also further inside, and in whatever shares its list; a warning is nothing wrong."""
    place = Place("file", [], warnings=[])
    place.wrong("a", "b")

    mark = place.mark()
    place.deviates("a", "b")
    before = place.is_sound_since(mark)
    place.at("inner").entry(0).wrong("a", "b")

    assert (before, place.is_sound_since(mark)) == (True, False)


def test_every_number_that_a_double_holds_is_one_and_the_next_is_told_to_be_too_large() -> None:
    """Also where its bounds are told, and where something else may stand there."""
    largest = sys.float_info.max

    assert problems_of(float, largest) == problems_of(float, -largest) == problems_of(float, int(largest)) == []
    assert problems_of(float | None, float("inf")) == [
        "file: expected a number or null, got Infinity, which is too large"
    ]
    assert problems_of(Annotated[int, Range(low=1)], 2**53) == [
        "file: expected a whole number, at least 1, got 9007199254740992, which is too large"
    ]
    assert problems_of(str, 2**53) == ["file: expected a text, got 9007199254740992"]


def test_a_guess_is_made_for_what_somebody_may_have_typed() -> None:
    """For short words, and for some tens of them."""
    few = problems_of(Inner, {"name": "a", "sise": 1})
    long = problems_of(Inner, {"name": "a", "siz" + "e" * 100: 1})
    many = problems_of(Inner, {"name": "a", **{f"size{number}": 1 for number in range(1000)}})

    assert "did you mean 'size'" in few[0]
    assert "did you mean" not in long[0]
    assert 10 < sum("did you mean" in problem for problem in many) < 100
