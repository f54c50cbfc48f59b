"""Which column of a person's table is the question, its context, the answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from expertkit.errors import Problem, nearest

_USUAL: Mapping[str, tuple[str, ...]] = {
    "instruction": ("instruction", "question", "prompt", "query", "sql_prompt"),
    "input": ("input", "context", "schema", "sql_context"),
    "response": ("response", "output", "answer", "completion", "cypher", "sql"),
    "category": ("category", "task"),
    "group": ("group", "db_id"),
}
"""Where the mapping does not name a column, the first of these that is there is taken."""
_NEEDED = frozenset({"instruction", "response"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of one file, by the part they play."""

    instruction: str
    response: str
    input: str | None = None
    category: str | None = None
    """What is scored by itself."""
    group: str | None = None
    """What makes rows dependent on each other, such as the database that they all ask about."""


def choose_columns(there: Collection[str], mapping: Mapping[str, str], *, file: str) -> Columns | list[Problem]:
    """The columns to read, or what is wrong with the mapping.

    Args:
        there: the columns of the file's first row.
        mapping: what the manifest says; a part that it leaves out has the first usual name that is there.
        file: what the file is called.
    """
    problems: list[Problem] = []
    chosen: dict[str, str] = {}
    listed = ", ".join(sorted(there)) or "none"
    for role, usual in _USUAL.items():
        named = mapping.get(role)
        found = named if named in there else next((name for name in usual if named is None and name in there), None)
        if found is not None:
            chosen[role] = found
        elif named is not None or role in _NEEDED:
            wanted = f"the column {named!r} for the {role}" if named else f"a column for the {role}"
            usually = "" if named else f" ({', '.join(usual)}, or one that field_mapping names)"
            guess = nearest(named, there) if named else None
            problems.append(
                Problem(file=file, place="", expected=f"{wanted}{usually}", got=f"columns {listed}", nearest=guess)
            )
    return problems or Columns(**chosen)
