"""Forms that find one row, or put rows in an order. Rows that compare equal stay in the order they were in."""

from __future__ import annotations

from functools import partial
from typing import Any

from expertkit.data.typescript.forms.template import Form, Slots, expand


def _sort(rows: Any, slots: Slots, *, sign: int) -> list[Any]:
    """The fields ``$col`` by ``$num``, rising for 1 and falling for -1; equal rows in their order."""
    return [row[slots["col"]] for row in sorted(rows, key=lambda row: sign * row[slots["num"]])]


def _reverse_sorted(rows: Any, slots: Slots, *, sign: int) -> list[Any]:
    """The same, with equal rows in reverse."""
    return _sort(rows, slots, sign=-sign)[::-1]


FINDS = (
    Form(
        name="find",
        takes="rows: $Entity[]",
        returns="$Entity | undefined",
        answer='return rows.find((row) => row.$text === "$value");',
        reference=lambda rows, slots: next((row for row in rows if row[slots["text"]] == slots["value"]), None),
        slips=(
            lambda rows, slots: next((row for row in reversed(rows) if row[slots["text"]] == slots["value"]), None),
        ),
        questions=expand(
            "@give the first $entity @where $value",
            "which $entity is the first one @where $value?",
            "what is the first $entity @where $value?",
            "@give the $entity that is the first @where $value",
        ),
    ),
    Form(
        name="highest-row",
        takes="rows: $Entity[]",
        returns="$Entity | undefined",
        answer="return [...rows].sort((a, b) => b.$num - a.$num)[0];",
        reference=lambda rows, slots: max(rows, key=lambda row: row[slots["num"]], default=None),
        keys=frozenset({"num"}),
        questions=expand(
            "@give the $entity with the @highest $num",
            "which $entity has the @highest $num?",
            "what is the $entity with the @highest $num?",
            "@give the $entity whose $num is the @highest",
        ),
    ),
)
ORDERS = (
    Form(
        name="order-ascending",
        takes="rows: $Entity[]",
        returns="$col_type[]",
        answer="return [...rows].sort((a, b) => a.$num - b.$num).map((row) => row.$col);",
        reference=partial(_sort, sign=1),
        slips=(partial(_reverse_sorted, sign=1),),
        questions=expand(
            "@give the $col of @rows [sorted|ordered] by $num",
            "@give the $col of @rows [sorted|ordered] by $num from [lowest to highest|smallest to largest|low to high]",
            "@give the $col of @rows with the @lowest $num first",
            "[sort|order] @rows by $num and @give the $col",
        ),
    ),
    Form(
        name="order-descending",
        takes="rows: $Entity[]",
        returns="$col_type[]",
        answer="return [...rows].sort((a, b) => b.$num - a.$num).map((row) => row.$col);",
        reference=partial(_sort, sign=-1),
        slips=(partial(_reverse_sorted, sign=-1),),
        questions=expand(
            "@give the $col of @rows [sorted|ordered] by [descending $num|$num descending]",
            "@give the $col of @rows [sorted|ordered] by $num from [highest to lowest|largest to smallest|high to low]",
            "@give the $col of @rows with the @highest $num first",
            "[sort|order] @rows by descending $num and @give the $col",
        ),
    ),
    Form(
        name="order-text",
        takes="rows: $Entity[]",
        returns="$Entity[]",
        answer="return [...rows].sort((a, b) => a.$text.localeCompare(b.$text));",
        reference=lambda rows, slots: sorted(rows, key=lambda row: row[slots["text"]]),
        questions=expand(
            "[sort|order] @rows [alphabetically by|in alphabetical order of] $text",
            "@give @rows [sorted|ordered] [alphabetically by|in alphabetical order of] $text",
            "@give @rows in alphabetical order of $text",
            "@give @rows with $text from a to z",
        ),
    ),
    Form(
        name="top",
        takes="rows: $Entity[]",
        returns="$col_type[]",
        answer="return [...rows].sort((a, b) => b.$num - a.$num).slice(0, $count).map((row) => row.$col);",
        reference=lambda rows, slots: _sort(rows, slots, sign=-1)[: slots["count"]],
        questions=expand(
            "@give the $col of the $count $entity rows with the @highest $num",
            "@give the $col of the top $count $entity rows by $num",
            "which $col do the $count $entity rows with the @highest $num have?",
            "for the $count $entity rows with the @highest $num @give the $col",
        ),
    ),
    Form(
        name="first",
        takes="rows: $Entity[]",
        returns="$col_type[]",
        answer="return rows.slice(0, $count).map((row) => row.$col);",
        reference=lambda rows, slots: [row[slots["col"]] for row in rows[: slots["count"]]],
        questions=expand(
            "@give the $col of the first $count $entity rows",
            "what is the $col of the first $count $entity rows?",
            "which $col do the first $count $entity rows have?",
            "for the first $count $entity rows @give the $col",
        ),
    ),
    Form(
        name="reverse",
        takes="rows: $Entity[]",
        returns="$col_type[]",
        answer="return [...rows].reverse().map((row) => row.$col);",
        reference=lambda rows, slots: [row[slots["col"]] for row in reversed(rows)],
        questions=expand(
            "@give the $col of @rows [in reverse order|in reversed order|from last to first|backwards]",
            "what is the $col of @rows [in reverse order|from last to first]?",
            "reverse @rows and @give the $col",
            "for @rows [in reverse order|from last to first] @give the $col",
        ),
    ),
)
