"""Forms that keep the rows that fulfil a condition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from expertkit.data.typescript.forms.template import Form, Reference, Slots, expand

Row = dict[str, Any]


def _where(test: Callable[[Row, Slots], bool]) -> Reference:
    """The field ``$col`` of every row that passes."""
    return lambda rows, slots: [row[slots["col"]] for row in rows if test(row, slots)]


def _filter(
    name: str, condition: str, test: Callable[[Row, Slots], bool], *questions: str, slips: tuple[Reference, ...] = ()
) -> Form:
    return Form(
        name=name,
        takes="rows: $Entity[]",
        returns="$col_type[]",
        answer=f"return rows.filter((row) => {condition}).map((row) => row.$col);",
        reference=_where(test),
        slips=slips,
        questions=expand(*questions),
    )


FILTERS = (
    _filter(
        "where-greater",
        "row.$num > $bound",
        lambda row, slots: row[slots["num"]] > slots["bound"],
        "@give the $col of @rows [whose|where] $num is @over $bound",
        "what is the $col of @rows with $num @over $bound?",
        "which $col belongs to @rows with $num @over $bound?",
        "for @rows with $num @over $bound @give the $col",
    ),
    _filter(
        "where-less",
        "row.$num < $bound",
        lambda row, slots: row[slots["num"]] < slots["bound"],
        "@give the $col of @rows [whose|where] $num is @under $bound",
        "what is the $col of @rows with $num @under $bound?",
        "which $col belongs to @rows with $num @under $bound?",
        "for @rows with $num @under $bound @give the $col",
    ),
    _filter(
        "where-at-least",
        "row.$num >= $bound",
        lambda row, slots: row[slots["num"]] >= slots["bound"],
        "@give the $col of @rows [whose|where] $num is at least $bound",
        "what is the $col of @rows with $num $bound or more?",
        "which $col belongs to @rows with $num of at least $bound?",
        "for @rows with $num of at least $bound @give the $col",
    ),
    _filter(
        "where-between",
        "row.$num >= $bound && row.$num <= $bound2",
        lambda row, slots: slots["bound"] <= row[slots["num"]] <= slots["bound2"],
        "@give the $col of @rows [whose|where] $num is between $bound and $bound2",
        "what is the $col of @rows with $num from $bound to $bound2?",
        "which $col belongs to @rows with $num between $bound and $bound2?",
        "for @rows with $num from $bound to $bound2 @give the $col",
    ),
    _filter(
        "where-equal",
        'row.$text === "$value"',
        lambda row, slots: row[slots["text"]] == slots["value"],
        "@give the $col of @rows @where $value",
        "what is the $col of @rows @where $value?",
        "which $col belongs to @rows @where $value?",
        "for @rows @where $value @give the $col",
    ),
    _filter(
        "where-not-equal",
        'row.$text !== "$value"',
        lambda row, slots: row[slots["text"]] != slots["value"],
        "@give the $col of @rows [whose|where] $text is not $value",
        "what is the $col of @rows [whose|where] $text [is not|differs from] $value?",
        "which $col belongs to @rows with $text other than $value?",
        "for @rows with $text other than $value @give the $col",
    ),
    _filter(
        "where-flag",
        "row.$flag",
        lambda row, slots: row[slots["flag"]],
        "@give the $col of @flagged",
        "what is the $col of @flagged?",
        "@give the $col of @rows where $flag is true",
        "for @flagged @give the $col",
    ),
    _filter(
        "where-not-flag",
        "!row.$flag",
        lambda row, slots: not row[slots["flag"]],
        "@give the $col of @unflagged",
        "what is the $col of @unflagged?",
        "@give the $col of @rows where $flag is false",
        "for @unflagged @give the $col",
    ),
    _filter(
        "where-and",
        'row.$text === "$value" && row.$num > $bound',
        lambda row, slots: row[slots["text"]] == slots["value"] and row[slots["num"]] > slots["bound"],
        "@give the $col of @rows [whose|where] $text is $value and $num is @over $bound",
        "what is the $col of @rows with $text $value and $num @over $bound?",
        "for @rows with $text $value and $num @over $bound @give the $col",
        "@give the $col of @rows with $num @over $bound and $text $value",
    ),
    _filter(
        "where-missing",
        "row.$maybe === undefined",
        lambda row, slots: slots["maybe"] not in row,
        "@give the $col of @rows [without a|with no] $maybe",
        "what is the $col of @rows [without a|with no] $maybe?",
        "@give the $col of @rows [whose|where] $maybe is @missing",
        "for @rows [whose|where] $maybe is @missing @give the $col",
        slips=(_where(lambda row, slots: not row.get(slots["maybe"])),),
    ),
    _filter(
        "where-includes",
        'row.$texts.includes("$value")',
        lambda row, slots: slots["value"] in row[slots["texts"]],
        "@give the $col of @rows [whose|where] $texts [include|contain] $value",
        "what is the $col of @rows with $value among the $texts?",
        "which $col belongs to @rows with $value among the $texts?",
        "for @rows with $value among the $texts @give the $col",
    ),
    Form(
        name="keep",
        takes="rows: $Entity[]",
        returns="$Entity[]",
        answer="return rows.filter((row) => row.$num > $bound);",
        reference=lambda rows, slots: [row for row in rows if row[slots["num"]] > slots["bound"]],
        questions=expand(
            "[keep|filter] @rows [whose|where] $num is @over $bound",
            "[keep|filter] @rows with $num @over $bound",
            "@give @rows [whose|where] $num is @over $bound",
            "@give @rows with $num @over $bound",
        ),
    ),
    Form(
        name="drop",
        takes="rows: $Entity[]",
        returns="$Entity[]",
        answer='return rows.filter((row) => row.$text !== "$value");',
        reference=lambda rows, slots: [row for row in rows if row[slots["text"]] != slots["value"]],
        questions=expand(
            "[drop|remove] @rows @where $value",
            "[drop|remove] [each|every] $entity @where $value",
            "@give @all without those @where $value",
            "leave out @rows @where $value",
        ),
    ),
)
