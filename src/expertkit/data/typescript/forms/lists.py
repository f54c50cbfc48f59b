"""Forms about the lists of numbers and texts that rows hold."""

from __future__ import annotations

from expertkit.data.typescript.forms.template import Form, expand

LISTS = (
    Form(
        name="flatten",
        takes="rows: $Entity[]",
        returns="string[]",
        answer="return rows.flatMap((row) => row.$texts);",
        reference=lambda rows, slots: [text for row in rows for text in row[slots["texts"]]],
        questions=expand(
            "@give the $texts of @all in one [array|list]",
            "what are the $texts of @all in one [array|list]?",
            "put the $texts of @all into one [array|list]",
            "for @all @give the $texts in one [array|list]",
        ),
    ),
    Form(
        name="clamp",
        takes="row: $Entity",
        returns="number[]",
        answer="return row.$nums.map((value) => Math.min(Math.max(value, $bound), $bound2));",
        reference=lambda row, slots: [min(max(value, slots["bound"]), slots["bound2"]) for value in row[slots["nums"]]],
        questions=expand(
            "clamp the $nums values of the $entity to $bound and $bound2",
            "@give the $nums values of the $entity clamped to $bound and $bound2",
            "keep the $nums values of the $entity between $bound and $bound2 by clamping",
            "for the $entity clamp each $nums value to $bound and $bound2",
        ),
    ),
    Form(
        name="sort-numbers",
        takes="row: $Entity",
        returns="number[]",
        answer="return [...row.$nums].sort((a, b) => a - b);",
        reference=lambda row, slots: sorted(row[slots["nums"]]),
        slips=(lambda row, slots: sorted(row[slots["nums"]], key=str),),
        questions=expand(
            "[sort|order] the $nums values of the $entity",
            "@give the $nums values of the $entity [sorted|ordered]",
            "@give the $nums values of the $entity from [lowest to highest|smallest to largest|low to high]",
            "[sort|order] the $nums values of the $entity from [lowest to highest|smallest to largest|low to high]",
        ),
    ),
    Form(
        name="longer",
        takes="row: $Entity",
        returns="string[]",
        answer="return row.$texts.filter((word) => word.length > $letters);",
        reference=lambda row, slots: [word for word in row[slots["texts"]] if len(word) > slots["letters"]],
        questions=expand(
            "@give the $texts of the $entity with more than $letters letters",
            "@give the $texts of the $entity that have more than $letters letters",
            "which $texts of the $entity have more than $letters letters?",
            "keep the $texts of the $entity that are longer than $letters letters",
        ),
    ),
    Form(
        name="append",
        takes="row: $Entity",
        returns="$Entity",
        answer='return { ...row, $texts: [...row.$texts, "$value"] };',
        reference=lambda row, slots: {**row, slots["texts"]: [*row[slots["texts"]], slots["value"]]},
        questions=expand(
            "add $value to the $texts of the $entity",
            "@give a copy of the $entity with $value added to the $texts",
            "append $value to the $texts of the $entity",
            "@give the $entity with $value appended to the $texts",
        ),
    ),
)
