"""YAML means what YAML 1.2 says, and what it does not say clearly is a problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit.errors import Problem
from expertkit.fields import Place
from expertkit.recipes.strict_yaml import load, load_file


def problems_of(text: str) -> list[str]:
    """What is wrong with a text."""
    problems: list[Problem] = []
    load(text, Place("file", problems))
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1.0e-3", 1e-3),
        ("4", 4),
        ("-7", -7),
        ("010", 10),
        (".5", 0.5),
        ("1.", 1.0),
        ("1_000", "1_000"),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("12:30:00", "12:30:00"),
        ("2026-01-01", "2026-01-01"),
        ("1.0.0", "1.0.0"),
        (".nan", ".nan"),
        ("'1'", "1"),
        ('"no"', "no"),
        ("[1, [a, {b: }]]", [1, ["a", {"b": None}]]),
        ("1: 2", {"1": 2}),
        ("# nothing", None),
        ("a: |\n  x\n", {"a": "x\n"}),
    ],
)
def test_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    """DVC reads the same files by the same rules; a country is no flag and a time no number."""
    problems: list[Problem] = []

    found = load(text, Place("file", problems))

    assert (found, type(found), problems) == (value, type(value), [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "a: 1\nb: {c: 1, c: 2}\na: 3",
            [
                "file: b.c: expected each key once, got it again on line 2",
                "file: a: expected each key once, got it again on line 3",
            ],
        ),
        ("- a: 1\n  a: 2", ["file: [0].a: expected each key once, got it again on line 2"]),
        ("a: &x 1\nb: *x", ["file: expected plain YAML, got an alias or a tag on line 2"]),
        ("a: !!str 1", ["file: expected plain YAML, got an alias or a tag on line 1"]),
        ("? [a, b]\n: 1", ["file: expected keys that are words, got a list or mapping as a key on line 1"]),
        ("a: 1\n---\nb: 2", ["file: expected YAML, got another document on line 2"]),
        ("a: 'b", ["file: expected YAML, got unexpected end of stream on line 1"]),
        ("a:\n\tb: 1", ["file: expected YAML, got character '\\t' that cannot start any token on line 2"]),
    ],
)
def test_what_is_unclear_is_a_problem_with_its_line(text: str, told: list[str]) -> None:
    """Repeated keys, aliases, tags and broken texts are never guessed at."""
    assert problems_of(text) == told


@pytest.mark.parametrize("text", ["[" * 40 + "]" * 40, "[" * 5000, "\x00"], ids=["deep", "very deep", "control"])
def test_absurd_texts_are_one_problem(text: str) -> None:
    """No depth and no character ends in a traceback."""
    assert len(problems_of(text)) == 1


def test_a_missing_or_undecodable_file_is_a_problem(tmp_path: Path) -> None:
    """The place names the file; the message says what is wrong with it."""
    problems: list[Problem] = []
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")

    missing = load_file(tmp_path / "none.yaml", Place("none.yaml", problems))
    latin = load_file(tmp_path / "latin.yaml", Place("latin.yaml", problems))

    assert (missing, latin) == (None, None)
    assert [str(problem) for problem in problems] == [
        "none.yaml: expected a file, got no such file",
        "latin.yaml: expected UTF-8, got unexpected end of data at byte 3",
    ]
