"""A reader of GBNF grammars that says whether a text is one of a grammar's sentences.

A rule becomes a function from a position to every position where its sentence may end, so that no
order of alternatives hides another. It knows what the grammars of experts/ use: rules, literals, character
classes, groups, ``|`` and the marks ``?``, ``*`` and ``+``. Not for large texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

Match = Callable[[int], frozenset[int]]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|::=|[()|?*+]|[a-z][a-z0-9-]*|\n|[ \t]+|#[^\n]*')


@dataclass
class Grammar:
    """The rules of a grammar, ready for one text."""

    rules: dict[str, list[str]]
    text: str
    matches: dict[str, Match] = field(default_factory=dict)

    def rule(self, name: str) -> Match:
        """The match of a rule; a rule that begins with itself never ends and is refused."""
        if name not in self.matches:
            running: set[int] = set()
            found: dict[int, frozenset[int]] = {}
            body: list[Match] = []

            def match(at: int) -> frozenset[int]:
                if at in running:
                    raise ValueError(f"rule {name} is left-recursive")
                if at not in found:
                    running.add(at)
                    found[at] = body[0](at)
                    running.discard(at)
                return found[at]

            self.matches[name] = match
            tokens = list(self.rules[name])
            body.append(self._choice(tokens))
            if tokens:
                raise ValueError(f"rule {name} is not understood from {tokens[0]!r} on")
        return self.matches[name]

    def _choice(self, tokens: list[str]) -> Match:
        options = [self._sequence(tokens)]
        while tokens and tokens[0] == "|":
            tokens.pop(0)
            options.append(self._sequence(tokens))
        return lambda at: frozenset(end for option in options for end in option(at))

    def _sequence(self, tokens: list[str]) -> Match:
        items: list[Match] = []
        while tokens and tokens[0] not in {"|", ")"}:
            items.append(self._repeated(self._single(tokens), tokens))

        def match(at: int) -> frozenset[int]:
            ends = frozenset({at})
            for item in items:
                ends = frozenset(end for start in ends for end in item(start))
            return ends

        return match

    def _repeated(self, item: Match, tokens: list[str]) -> Match:
        mark = tokens.pop(0) if tokens and tokens[0] in {"?", "*", "+"} else ""
        most = {"": 1, "?": 1}.get(mark, len(self.text) + 1)

        def match(at: int) -> frozenset[int]:
            ends = {at} if mark in {"?", "*"} else set()
            fresh, rounds = frozenset({at}), 0
            while fresh and rounds < most:
                fresh = frozenset(end for start in fresh for end in item(start)) - ends
                ends |= fresh
                rounds += 1
            return frozenset(ends)

        return match

    def _single(self, tokens: list[str]) -> Match:
        first = tokens.pop(0)
        if first == "(":
            inner = self._choice(tokens)
            tokens.pop(0)
            return inner
        if first[0] in {'"', "["}:
            pattern = re.compile(re.escape(_unescape(first[1:-1])) if first[0] == '"' else first, re.DOTALL)
            return lambda at: frozenset(found.end() for found in [pattern.match(self.text, at)] if found)
        return self.rule(first)


def is_sentence(grammar: str, text: str) -> bool:
    """Whether the whole text follows from the rule ``root``."""
    return len(text) in Grammar(_rules(grammar), text).rule("root")(0)


@cache
def _rules(grammar: str) -> dict[str, list[str]]:
    rules: dict[str, list[str]] = {}
    for line in grammar.splitlines():
        tokens = list(_tokens(line))
        if tokens:
            name, sign, *body = tokens
            assert sign == "::=", f"no rule: {line}"
            assert name not in rules, f"two rules {name}"
            rules[name] = body
    return rules


def _tokens(line: str) -> Iterator[str]:
    at = 0
    while at < len(line):
        found = _TOKEN.match(line, at)
        assert found, f"not understood: {line[at:]}"
        at = found.end()
        if found[0].strip() and not found[0].startswith("#"):
            yield found[0]


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
