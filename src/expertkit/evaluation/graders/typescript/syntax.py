"""What an answer is as text, as tree-sitter reads it: the body of one function, and one that lets itself be checked.

Owns what is refused unseen. Two kinds of text are:

- What is not the body of one function, or speaks of other modules (``import``, ``export``). It is not run.
- What tells the type checker to believe instead of checking: ``any``; ``as`` and ``<T>x``, but for ``as const``;
  ``x!`` and ``let x!:``; ``x is T``; ``declare``; comments with ``@ts-`` or three slashes. It is run, and
  counts as ill-typed. Functions of plain values need none of it: ``const found: string[] = []`` says the same and
  is checked. What a library function returns as ``any`` (``JSON.parse``) is beyond this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

_LONGEST_ANSWER = 2_000  # characters
_DEEPEST = 60  # nodes inside each other; the answers that are taught have 22 at most
_OUTSIDE = frozenset({"import", "import_statement", "export_statement", "meta_property"})
_UNCHECKED = {
    "type_assertion": "a type assertion",
    "non_null_expression": "'!' in place of a check",
    "type_predicate": "a type predicate",
    "asserts": "an assertion signature",
    "ambient_declaration": "declare",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading an answer found."""

    problem: str | None = None
    """Why it is not the body of one function."""
    unchecked: str | None = None
    """What in it the type checker would not look at."""


def read_body(signature: str, body: str) -> Reading:
    """Read the body of the function with that signature."""
    if len(body) > _LONGEST_ANSWER:
        return Reading(problem=f"answer is too long: expected at most {_LONGEST_ANSWER} characters, got {len(body)}")
    try:
        root = _parser().parse(f"{signature} {{\n{body}\n}}".encode()).root_node
    except UnicodeEncodeError:
        return Reading(problem="answer is no text: half a surrogate pair")
    if root.has_error:
        return Reading(problem="answer does not parse")
    if [node.type for node in root.children] != ["function_declaration"]:
        return Reading(problem="expected the body of one function, got more")
    return _look_at(root)


def _look_at(root: Node) -> Reading:
    unchecked = None
    for node, depth in _walk(root):
        if depth > _DEEPEST:
            return Reading(problem="answer does not parse: nested too deeply")
        if node.type in _OUTSIDE:
            return Reading(problem=f"answer reaches outside: {node.type.removesuffix('_statement')}")
        unchecked = unchecked or _find_unchecked(node)
    return Reading(unchecked=unchecked)


def _find_unchecked(node: Node) -> str | None:
    """What of this node the checker would take on trust, its parts left aside."""
    match node.type:
        case "predefined_type" if node.text == b"any":
            return "any"
        case "as_expression" if node.children[-1].type != "const":
            return "a type assertion"
        case "variable_declarator" if any(child.type == "!" for child in node.children):
            return "'!' in place of a value"
        case "comment" if b"@ts-" in (text := node.text or b"") or text.startswith(b"///"):
            return "a comment to the compiler"
        case type_:
            return _UNCHECKED.get(type_)


def _walk(root: Node) -> Iterator[tuple[Node, int]]:
    """Every node with its depth, parents first."""
    cursor = root.walk()
    while True:
        if cursor.node is not None:
            yield cursor.node, cursor.depth
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_typescript.language_typescript()))
