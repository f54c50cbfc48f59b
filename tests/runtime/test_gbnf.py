"""Grammars are the same in the engine's words."""

from __future__ import annotations

import pytest

from expertkit.errors import FormatError
from expertkit.runtime.gbnf import to_lark


def test_each_character_is_a_lexeme_of_its_own() -> None:
    """Rules become rules on a line each, whatever their names and however many lines they take."""
    grammar = 'root ::= "ab" two-Words? # said\n  | [^/\\]"]{2,3}\ntwo-Words ::= "\\"\\n"'

    assert to_lark(grammar).split("\n") == [
        'start: ("a" "b") r_two_words ? | /[^\\/\\]"]/ {2,3}',
        'r_two_words: ("\\"" "\\n")',
        "",
    ]


@pytest.mark.parametrize(("grammar", "line"), [('root ::= "a', 1), ('root ::= "a"\n\nb ::= [a', 3), ("root = 'a'", 1)])
def test_what_is_no_grammar_is_refused_with_its_line(grammar: str, line: int) -> None:
    """Where the first word is that cannot be read."""
    with pytest.raises(FormatError, match=f"line {line}: expected a rule of GBNF"):
        to_lark(grammar)
