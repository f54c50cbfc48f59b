"""Grammars in GBNF, as they lie with experts, in the words of the engine that holds answers to them.

The engine reads Lark, cuts a text into lexemes and takes the longest one, so that a rule could hide another:
a column may go on with `` + ``, and then no `` FROM`` would come after it. Here each lexeme is one character, and
the engine follows all rules at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from expertkit.errors import FormatError

_WORD = re.compile(
    r"""(?P<literal>"(?:[^"\\\n]|\\.)*")
    |(?P<kind>\[(?:[^\]\\\n]|\\.)*\])
    |(?P<name>[A-Za-z][A-Za-z0-9-]*)(?P<rule>\s*::=)?
    |(?P<sign>[()|?*+]|\{\d+(?:,\d*)?\})
    |\s+|\#[^\n]*""",
    re.VERBOSE,
)
_CHARACTER = re.compile(r"\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\.|.", re.DOTALL)


def to_lark(grammar: str) -> str:
    """The same grammar in Lark, a rule a line; GBNF is that of llama.cpp's ``grammars/README.md``.

    Raises:
        FormatError: something in it is no word of GBNF.
    """
    return "".join(_words(grammar)).lstrip("\n") + "\n"


def _words(grammar: str) -> Iterator[str]:
    at = 0
    while at < len(grammar):
        found = _WORD.match(grammar, at)
        if found is None:
            line = grammar.count("\n", 0, at) + 1
            raise FormatError(f"grammar, line {line}: expected a rule of GBNF, got {grammar[at : at + 20]!r}")
        at = found.end()
        yield _translate(found)


def _translate(word: re.Match[str]) -> str:
    if word["literal"]:
        return " (" + " ".join(f'"{each}"' for each in _CHARACTER.findall(word["literal"][1:-1])) + ")"
    if word["kind"]:
        return " /" + word["kind"].replace("/", r"\/") + "/"
    if word["name"]:
        name = _rule(word["name"])
        return f"\n{name}:" if word["rule"] else f" {name}"
    return f" {word['sign']}" if word["sign"] else ""


def _rule(name: str) -> str:
    """A name of GBNF's as one of Lark's, where a capital letter would mean a lexeme."""
    return "start" if name == "root" else "r_" + name.lower().replace("-", "_")
