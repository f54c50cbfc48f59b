"""Forms that give something for each row: a field, another shape, a changed copy."""

from __future__ import annotations

from expertkit.data.typescript.forms.template import Form, expand

SHAPES = (
    Form(
        name="pluck",
        takes="rows: $Entity[]",
        returns="$col_type[]",
        answer="return rows.map((row) => row.$col);",
        reference=lambda rows, slots: [row[slots["col"]] for row in rows],
        questions=expand(
            "@give the $col of @rows",
            "what is the $col of @rows?",
            "which $col does [each|every] $entity have?",
            "for @rows @give the $col",
        ),
    ),
    Form(
        name="pluck-two",
        takes="rows: $Entity[]",
        returns="{ $col: $col_type; $col2: $col2_type }[]",
        answer="return rows.map((row) => ({ $col: row.$col, $col2: row.$col2 }));",
        reference=lambda rows, slots: [{slots[slot]: row[slots[slot]] for slot in ("col", "col2")} for row in rows],
        questions=expand(
            "@give the $col and $col2 of @rows",
            "what are the $col and the $col2 of @rows?",
            "which $col and $col2 does [each|every] $entity have?",
            "for @rows @give $col and $col2",
        ),
    ),
    Form(
        name="default",
        takes="rows: $Entity[]",
        returns="string[]",
        answer='return rows.map((row) => row.$maybe ?? "$value");',
        reference=lambda rows, slots: [row.get(slots["maybe"], slots["value"]) for row in rows],
        slips=(lambda rows, slots: [row.get(slots["maybe"]) or slots["value"] for row in rows],),
        questions=expand(
            "@give the $maybe of @rows or $value where it is @missing",
            "what is the $maybe of @rows or $value where it is @missing?",
            "for @rows @give the $maybe or $value where it is @missing",
            "@give the $maybe of @rows with $value for each @missing one",
        ),
    ),
    Form(
        name="set-field",
        takes="rows: $Entity[]",
        returns="$Entity[]",
        answer='return rows.map((row) => ({ ...row, $text: "$value" }));',
        reference=lambda rows, slots: [{**row, slots["text"]: slots["value"]} for row in rows],
        questions=expand(
            "[set|change] the $text of @rows to $value",
            "@give a copy of @rows with $text [set|changed] to $value",
            "for @rows [set|change] $text to $value",
            "copy @rows and [set|change] $text to $value",
        ),
    ),
)
