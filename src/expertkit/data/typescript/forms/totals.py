"""Forms that say one thing about all rows: a number, a text, true or false, or something for each group."""

from __future__ import annotations

from collections import Counter
from typing import Any

from expertkit.data.typescript.forms.template import Form, Json, Slots, expand


def _column(rows: Any, slots: Slots, slot: str) -> list[Any]:
    return [row[slots[slot]] for row in rows]


def _add_by_group(rows: Any, slots: Slots) -> Json:
    sums: dict[str, Any] = {}
    for row in rows:
        sums[row[slots["text"]]] = sums.get(row[slots["text"]], 0) + row[slots["num"]]
    return sums


def _group(rows: Any, slots: Slots) -> Json:
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(row[slots["text"]], []).append(row)
    return groups


TOTALS = (
    Form(
        name="count",
        takes="rows: $Entity[]",
        returns="number",
        answer='return rows.filter((row) => row.$text === "$value").length;',
        reference=lambda rows, slots: _column(rows, slots, "text").count(slots["value"]),
        questions=expand(
            "how many $entity rows have $text $value?",
            "count the $entity rows @where $value",
            "what is the number of $entity rows @where $value?",
            "@give the number of $entity rows @where $value",
        ),
    ),
    Form(
        name="count-distinct",
        takes="rows: $Entity[]",
        returns="number",
        answer="return new Set(rows.map((row) => row.$text)).size;",
        reference=lambda rows, slots: len(set(_column(rows, slots, "text"))),
        questions=expand(
            "how many @different $text values [occur|appear] among @all?",
            "how many @different $text values do the $entity rows have?",
            "count the @different $text values of @all",
            "what is the number of @different $text values of @all?",
        ),
    ),
    Form(
        name="sum",
        takes="rows: $Entity[]",
        returns="number",
        answer="return rows.reduce((sum, row) => sum + row.$num, 0);",
        reference=lambda rows, slots: sum(_column(rows, slots, "num")),
        questions=expand(
            "what is the @added $num of @all?",
            "@give the @added $num of @all",
            "add up the $num of @all",
            "what does the $num of @all add up to?",
        ),
    ),
    Form(
        name="average",
        takes="rows: $Entity[]",
        returns="number",
        answer="return rows.length === 0 ? 0 : rows.reduce((sum, row) => sum + row.$num, 0) / rows.length;",
        reference=lambda rows, slots: sum(_column(rows, slots, "num")) / len(rows) if rows else 0,
        questions=expand(
            "what is the @average $num of @all @none?",
            "@give the @average $num of @all @none",
            "@average $num of @all @none",
            "what is $num on average among @all @none?",
        ),
    ),
    Form(
        name="maximum",
        takes="rows: $Entity[]",
        returns="number",
        answer="return rows.length === 0 ? 0 : Math.max(...rows.map((row) => row.$num));",
        reference=lambda rows, slots: max(_column(rows, slots, "num"), default=0),
        slips=(lambda rows, slots: max([0, *_column(rows, slots, "num")]),),
        questions=expand(
            "what is the @highest $num of @all @none?",
            "@give the @highest $num of @all @none",
            "@highest $num among @all @none",
            "which $num is the @highest among @all @none?",
        ),
    ),
    Form(
        name="minimum",
        takes="rows: $Entity[]",
        returns="number",
        answer="return rows.length === 0 ? 0 : Math.min(...rows.map((row) => row.$num));",
        reference=lambda rows, slots: min(_column(rows, slots, "num"), default=0),
        slips=(lambda rows, slots: min([0, *_column(rows, slots, "num")]),),
        questions=expand(
            "what is the @lowest $num of @all @none?",
            "@give the @lowest $num of @all @none",
            "@lowest $num among @all @none",
            "which $num is the @lowest among @all @none?",
        ),
    ),
    Form(
        name="some",
        takes="rows: $Entity[]",
        returns="boolean",
        answer='return rows.some((row) => row.$text === "$value");',
        reference=lambda rows, slots: slots["value"] in _column(rows, slots, "text"),
        questions=expand(
            "is there [a|any] $entity @where $value?",
            "does [a|any] $entity have $text $value?",
            "is any $text of @all $value?",
            "@give true if [a|any] $entity has $text $value",
        ),
    ),
    Form(
        name="every",
        takes="rows: $Entity[]",
        returns="boolean",
        answer="return rows.every((row) => row.$num > $bound);",
        reference=lambda rows, slots: all(number > slots["bound"] for number in _column(rows, slots, "num")),
        questions=expand(
            "is the $num of [each|every] $entity @over $bound?",
            "does [each|every] $entity have $num @over $bound?",
            "do all $entity rows have $num @over $bound?",
            "@give true if [each|every] $entity has $num @over $bound",
        ),
    ),
)
TEXTS = (
    Form(
        name="distinct",
        takes="rows: $Entity[]",
        returns="string[]",
        answer="return [...new Set(rows.map((row) => row.$text))];",
        reference=lambda rows, slots: list(dict.fromkeys(_column(rows, slots, "text"))),
        slips=(lambda rows, slots: sorted(set(_column(rows, slots, "text"))),),
        questions=expand(
            "@give the @different $text values of @all",
            "which @different $text values [occur|appear] among @all?",
            "@give each $text of the $entity rows [once|only once|without repeats]",
            "what are the @different $text values of @all?",
        ),
    ),
    Form(
        name="join",
        takes="rows: $Entity[]",
        returns="string",
        answer='return rows.map((row) => row.$text).join(", ");',
        reference=lambda rows, slots: ", ".join(_column(rows, slots, "text")),
        questions=expand(
            "join the $text of @all by a comma and a space",
            "@give the $text of @all joined by a comma and a space",
            "@give one text with the $text of @all joined by a comma and a space",
            "for @all join the $text by a comma and a space",
        ),
    ),
)
GROUPS = (
    Form(
        name="group-count",
        takes="rows: $Entity[]",
        returns="Record<string, number>",
        answer="const counts: Record<string, number> = {}; "
        "for (const row of rows) counts[row.$text] = (counts[row.$text] ?? 0) + 1; return counts;",
        reference=lambda rows, slots: dict(Counter(_column(rows, slots, "text"))),
        questions=expand(
            "how many $entity rows are there @per $text?",
            "count the $entity rows @per $text",
            "@give each $text with its number of $entity rows",
            "for each $text @give how many $entity rows there are",
        ),
    ),
    Form(
        name="group-sum",
        takes="rows: $Entity[]",
        returns="Record<string, number>",
        answer="const sums: Record<string, number> = {}; "
        "for (const row of rows) sums[row.$text] = (sums[row.$text] ?? 0) + row.$num; return sums;",
        reference=_add_by_group,
        questions=expand(
            "what is the @added $num of the $entity rows @per $text?",
            "@give the @added $num of the $entity rows @per $text",
            "add up the $num of the $entity rows @per $text",
            "for each $text of the $entity rows @give the @added $num",
        ),
    ),
    Form(
        name="group",
        takes="rows: $Entity[]",
        returns="Partial<Record<string, $Entity[]>>",
        answer="return Object.groupBy(rows, (row) => row.$text);",
        reference=_group,
        questions=expand(
            "group @all by $text",
            "@give @all grouped by $text",
            "put @all into groups by $text",
            "@give each $text with all its $entity rows",
        ),
    ),
    Form(
        name="index",
        takes="rows: $Entity[]",
        returns="Record<string, $Entity>",
        answer="return Object.fromEntries(rows.map((row) => [row.$text, row]));",
        reference=lambda rows, slots: {row[slots["text"]]: row for row in rows},
        keys=frozenset({"text"}),
        questions=expand(
            "index @all by $text",
            "@give @all indexed by $text",
            "map each $text to its $entity",
            "@give each $text with its one $entity",
        ),
    ),
)
