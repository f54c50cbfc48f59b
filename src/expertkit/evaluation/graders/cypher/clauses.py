"""Whether an answer is one Cypher query that only reads and does bounded work, by its tokens alone.

LadybugDB does not say what a statement would do without doing it. So only what is known here reaches it: clauses that
read, a few functions, and names where an operand can stand. In such a text two operands never stand side by
side, while whatever else the engine can do begins with a word that is no keyword here and goes on with a word, a
text or a bracket. Work is bounded by what is written, so that an answer gets the same verdict on every computer.
Whether a query is well-formed beyond that is the engine's to say.

>>> find_refusal("MATCH (a:client) RETURN a.name")
>>> find_refusal("MATCH (a:client) DELETE a")
'expected a reading query, got DELETE'
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_LONGEST_ANSWER = 2_000  # characters
_MOST_TOKENS = 200
_DEEPEST = 12  # brackets in brackets
_MOST_NODES = 5  # in all patterns together; a graph has some twenty to choose each from
_MOST_STEPS = 2  # WITH; each may double what the one before made

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    | (?P<text>'[^'\\\x00-\x1f\ud800-\udfff]*'|"[^"\\\x00-\x1f\ud800-\udfff]*")
    | (?P<number>[0-9]+(?:\.[0-9]+)?)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign><=|>=|<>|->|<-|\.\.|/(?![/*])|[-+*%^=<>()\[\]{},.:;|])""",
    re.VERBOSE,
)
_OPENING = frozenset(("MATCH", "OPTIONAL", "RETURN", "WITH"))
_KEYWORDS = _OPENING | frozenset((
    "WHERE", "ORDER", "BY", "SKIP", "LIMIT", "DISTINCT", "AS", "AND", "OR", "XOR", "NOT", "IN", "IS", "STARTS", "ENDS",
    "CONTAINS", "UNION", "ALL",
))  # fmt: skip
_SUBQUERIES = frozenset(("EXISTS", "COUNT"))
"""Keywords where a bracket of their own follows."""
_DIRECTIONS = frozenset(("ASC", "ASCENDING", "DESC", "DESCENDING"))
"""The keywords that no operand can follow."""
_FUNCTIONS = frozenset((
    "COUNT", "SUM", "AVG", "MIN", "MAX", "COLLECT", "SIZE", "COALESCE", "ABS", "CEIL", "FLOOR", "ROUND", "LOWER",
    "UPPER", "TOLOWER", "TOUPPER", "LABEL", "LABELS",
))  # fmt: skip
_CLOSING = {")": "(", "]": "[", "}": "{"}


class _Token(NamedTuple):
    kind: str
    """keyword, name, text, number or sign."""
    text: str
    """A keyword in capitals, everything else as it was written."""

    @property
    def ends_operand(self) -> bool:
        return self.kind in {"name", "text", "number"} or self.text in _CLOSING or self.text in _DIRECTIONS


def find_refusal(answer: str) -> str | None:
    """Why the answer is not one query that may be run, or None if it is one."""
    try:
        tokens = _read_tokens(answer)
        _check_clauses(tokens)
        _check_brackets(tokens)
        _check_work(tokens)
    except ValueError as error:
        return str(error)
    return None


def is_same_query(first: str, second: str) -> bool:
    """Whether two queries that may be run differ in spaces and in the case of keywords at most."""
    return _read_tokens(first) == _read_tokens(second)


def is_ordered(query: str) -> bool:
    """Whether a query that may be run says in what order its rows come."""
    depth, ordered = 0, False
    for token in _read_tokens(query):
        depth += (token.text in _CLOSING.values()) - (token.text in _CLOSING)
        if depth == 0 and token.kind == "keyword" and token.text in {"RETURN", "ORDER"}:
            ordered = token.text == "ORDER"
    return ordered


def _read_tokens(answer: str) -> list[_Token]:
    """The tokens of an answer without its last semicolon.

    Raises:
        ValueError: it holds something else than tokens of a query, nothing, or too much.
    """
    if len(answer) > _LONGEST_ANSWER:
        raise ValueError(f"answer is too long: expected at most {_LONGEST_ANSWER} characters, got {len(answer)}")
    tokens = list(_split(answer))
    if tokens and tokens[-1].text == ";":
        tokens.pop()
    if not tokens:
        raise ValueError("expected a reading query, got nothing")
    if len(tokens) > _MOST_TOKENS:
        raise ValueError(f"answer is too long: expected at most {_MOST_TOKENS} tokens, got {len(tokens)}")
    return tokens


def _split(answer: str) -> Iterator[_Token]:
    at, before = 0, ""
    while at < len(answer):
        found = _TOKEN.match(answer, at)
        if not found:
            raise ValueError(f"answer does not parse: unexpected {answer[at]!r}")
        at = found.end()
        if found.lastgroup == "word":
            yield _read_word(found[0], before=before, after=answer[at:].lstrip()[:1])
        elif found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found[0])
        before = found[0] if found.lastgroup != "space" else before


def _read_word(word: str, *, before: str, after: str) -> _Token:
    """A word between these signs: a keyword, unless it is the name of a label or a property."""
    upper = word.upper()
    is_keyword = upper in _KEYWORDS | _DIRECTIONS or (upper in _SUBQUERIES and after == "{")
    return _Token("keyword", upper) if is_keyword and before not in {".", ":", "|"} else _Token("name", word)


def _check_clauses(tokens: Sequence[_Token]) -> None:
    """Refuse what may begin another clause: an operand behind an operand, an unknown function, a second statement."""
    if tokens[0].kind != "keyword" or tokens[0].text not in _OPENING:
        raise ValueError(f"expected a reading query, got {tokens[0].text}")
    ended = False  # whether an operand stands before the token
    for before, token in zip([_Token("sign", ""), *tokens], tokens, strict=False):
        if token.text == ";":
            raise ValueError("expected one query, got several statements")
        if token.text == "(" and before.kind == "name":
            if before.text.upper() not in _FUNCTIONS:
                raise ValueError(f"expected a known function, got {before.text}")
        elif ended and _begins_operand(token, before):
            raise ValueError(f"expected a reading query, got {token.text}")
        # a star is an operand where one is due: all columns
        ended = not ended if token.text == "*" else token.ends_operand


def _begins_operand(token: _Token, before: _Token) -> bool:
    """Whether the token needs an operator before it; the properties of a node and the length of a path need none."""
    match token.kind, token.text:
        case "sign", "{":
            return before.kind not in {"name", "number"}
        case "number", _:
            return before.text != "*"
        case kind, text:
            return kind in {"name", "text"} or text == "("


def _check_brackets(tokens: Sequence[_Token]) -> None:
    open_: list[str] = []
    for token in tokens:
        if token.text in _CLOSING.values():
            open_.append(token.text)
        elif token.text in _CLOSING and (not open_ or open_.pop() != _CLOSING[token.text]):
            raise ValueError(f"answer does not parse: unexpected {token.text!r}")
        if len(open_) > _DEEPEST:
            raise ValueError("answer does not parse: nested too deeply")
    if open_:
        raise ValueError(f"answer does not parse: {open_[-1]!r} is not closed")


def _check_work(tokens: Sequence[_Token]) -> None:
    """Refuse too many nodes, where a relation that may repeat counts as its longest path, and too many steps."""
    texts = ["", *(token.text for token in tokens), "", "", ""]
    nodes, steps = 0, 0
    for at, token in enumerate(tokens, start=1):
        before, after = texts[at - 1], texts[at + 1 : at + 4]
        if token.text == "(" and before.upper() not in _FUNCTIONS:
            nodes += bool({")", ":", "{"} & {after[0], after[1]})
        elif token.text == "*" and _is_in_relation(texts[:at]):
            nodes += _longest_path(after) - 1
        elif token == ("keyword", "WITH"):
            steps += before not in {"STARTS", "ENDS"}
    if nodes > _MOST_NODES:
        raise ValueError(f"too much work: expected at most {_MOST_NODES} nodes in all paths, got {nodes}")
    if steps > _MOST_STEPS:
        raise ValueError(f"too much work: expected WITH at most {_MOST_STEPS} times, got {steps}")


def _is_in_relation(before: Sequence[str]) -> bool:
    """Whether the nearest bracket that is open behind these tokens is a square one."""
    closed = 0
    for text in reversed(before):
        closed += text in _CLOSING
        if text in _CLOSING.values():
            if not closed:
                return text == "["
            closed -= 1
    return False


def _longest_path(after: Sequence[str]) -> int:
    """How often a relation repeats at most, by the three tokens behind its star.

    Raises:
        ValueError: there is no bound.
    """
    upper = after[2] if after[1] == ".." else after[1] if after[0] == ".." else after[0]
    if not upper.isdigit():
        raise ValueError("too much work: expected an upper bound behind '*'")
    return int(upper)
