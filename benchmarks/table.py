"""Measured rows as text, for people: the machine on top, one table below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row

_WIDTH = 200
_MET = {True: "yes", False: "NO", None: ""}


def render(facts: Mapping[str, str], results: Mapping[str, Sequence[Row]]) -> str:
    """The facts about the machine, and one table of all rows.

    Args:
        facts: about the machine.
        results: rows by benchmark.
    """
    table = Table("benchmark", "what", "measured", "goal", "met")
    for name, rows in results.items():
        for row in rows:
            table.add_row(name, row.name, row.measured, row.goal, _MET[row.met])
        table.add_section()
    text = StringIO()
    Console(file=text, width=_WIDTH, highlight=False, markup=False).print(table)
    machine = "  ".join(f"{name}: {value}" for name, value in facts.items())
    return f"{machine}\n{text.getvalue().rstrip()}"
