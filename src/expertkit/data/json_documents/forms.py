"""The table of forms: for each, what the document looks like and how it is asked for.

What a slot stands for: ``e`` the thing asked for, ``k`` a thing inside it; ``t`` ``n`` ``f`` ``l`` fields for text,
numbers, flags and lists; ``v`` a word, ``i`` a whole number, ``j`` whole numbers that rise, ``c`` one up to
twelve, ``d`` a number with a fraction, ``s`` a number as text, ``b`` true or false.
"""

from __future__ import annotations

from expertkit.data.json_documents.phrases import fixed_words
from expertkit.data.json_documents.rows import row
from expertkit.data.json_documents.shapes import (
    assumed,
    bounded,
    choice,
    counts,
    decimal,
    empty,
    fixed,
    flag,
    integer,
    integers,
    listing,
    nothing,
    pair,
    record,
    text,
    texts,
    unused,
)

_A = "(write|make|create|build) a e1"
_LIST = "(list|write|make|create)"

ROWS = (
    row(
        "two-fields",
        record(t1=text("v1"), n1=integer("i1"), t2=unused("string"), n2=unused("integer")),
        f"{_A} [t1 v1; n1 i1]",
    ),
    row("three-fields", record(t1=text("v1"), t2=text("v2"), n1=integer("i1")), f"{_A} [t1 v1; t2 v2; n1 i1]"),
    row(
        "four-fields",
        record(t1=text("v1"), t2=text("v2"), n1=integer("i1"), n2=integer("i2")),
        f"{_A} [t1 v1; t2 v2; n1 i1; n2 i2]",
    ),
    row("decimal", record(t1=text("v1"), n1=decimal("d1"), n2=unused("integer")), f"{_A} [t1 v1; n1 d1]"),
    row(
        "number-as-text",
        record(n1=text("s1"), n2=integer("i1"), t1=unused("string")),
        f"{_A} [n1 s1; n2 i1]",
    ),
    row(
        "flag-true",
        record(t1=text("v1"), f1=flag(value=True), n1=unused("integer")),
        f"{_A} that is f1 [t1 v1]",
        f"{_A} [t1 v1] that is f1",
    ),
    row(
        "flag-false",
        record(t1=text("v1"), f1=flag(value=False), n1=unused("integer")),
        f"{_A} that is not f1 [t1 v1]",
        f"{_A} [t1 v1] that is not f1",
    ),
    row(
        "two-flags",
        record(f1=flag(value=True), f2=flag(value=False), n1=integer("i1")),
        f"{_A} that is f1 but not f2 [n1 i1]",
        f"{_A} that is not f2 but f1 [n1 i1]",
    ),
    row(
        "null",
        record(t1=text("v1"), t2=nothing(), n1=unused("integer")),
        f"{_A} [t1 v1; t2 (unknown|null)]",
    ),
    row(
        "left-out",
        record(t1=text("v1"), n1=integer("i1"), t2=unused("string")),
        f"{_A} [t1 v1; n1 i1] (without|but leave out|but omit) t2",
    ),
    row(
        "fixed",
        record(t1=fixed("v1"), t2=text("v2"), n1=integer("i1")),
        f"{_A} [t2 v2; n1 i1]",
    ),
    row(
        "default",
        record(t1=assumed("v3", default="v1"), t2=assumed("v2", default="v2"), n1=integer("i1")),
        f"{_A} [t1 v3; n1 i1] and (the default|default) t2",
        f"{_A} [n1 i1; t1 v3] (using|keeping) the default t2",
    ),
    row(
        "choice",
        record(t1=choice("v2", "v1 v2 v3"), n1=integer("i1")),
        f"{_A} [t1 v2; n1 i1]",
    ),
    row(
        "first-choice",
        record(t1=choice("v1", "v1 v2 v3"), n1=integer("i1")),
        f"{_A} [n1 i1] and the first (t1|allowed t1)",
        f"{_A} with the first (t1|allowed t1) and n1 i1",
    ),
    row(
        "last-choice",
        record(t1=choice("v3", "v1 v2 v3"), n1=integer("i1")),
        f"{_A} [n1 i1] and the last (t1|allowed t1)",
        f"{_A} with the last (t1|allowed t1) and n1 i1",
    ),
    row(
        "lowest",
        record(n1=bounded("j1"), t1=text("v1")),
        f"{_A} [t1 v1] and the (lowest|smallest|least) n1",
        f"{_A} with the (lowest|smallest|least) n1 and t1 v1",
    ),
    row(
        "highest",
        record(n1=bounded("j2"), t1=text("v1")),
        f"{_A} [t1 v1] and the (highest|largest|greatest) n1",
        f"{_A} with the (highest|largest|greatest) n1 and t1 v1",
    ),
    row(
        "same-value",
        record(t1=text("v1"), t2=text("v1"), n1=integer("i1")),
        f"{_A} with n1 i1 and both t1 and t2 v1",
        f"{_A} with both t1 and t2 v1 and with n1 i1",
        f"{_A} whose t1 and t2 are both v1 and whose n1 is i1",
    ),
    row(
        "day-and-month",
        record(t1=text("v1"), day=integer("c1"), month=integer("c2"), n1=unused("integer")),
        f"{_A} (on|for) day c1 of month c2 [t1 v1]",
        f"{_A} [t1 v1] (on|for) day c1 of month c2",
    ),
    row(
        "limits",
        record(min=integer("j1"), max=integer("j2"), t1=text("v1"), n1=unused("integer")),
        "(write|make|create|build) (limits|a range) from j1 to j2 [t1 v1]",
        "(write|make|create|build) (limits|a range) between j1 and j2 [t1 v1]",
    ),
    row("one-in-list", record(l1=texts("v1"), t1=text("v2")), f"{_A} [l1 only v1; t1 v2]"),
    row("two-in-list", record(l1=texts("v1 v2"), n1=integer("i1")), f"{_A} [l1 v1, v2; n1 i1]"),
    row("three-in-list", record(l1=texts("v1 v2 v3"), n1=integer("i1")), f"{_A} [l1 v1, v2, v3; n1 i1]"),
    row(
        "empty-list", record(l1=empty(), t1=text("v1"), n1=unused("integer")), f"{_A} [l1 (empty|an empty list); t1 v1]"
    ),
    row("list-of-numbers", record(l1=integers("i1 i2 i3"), t1=text("v1")), f"{_A} [l1 i1, i2, i3; t1 v1]"),
    row(
        "list-of-flags",
        record(l1=listing(flag(value="b1"), flag(value="b2"), flag(value="b3")), t1=text("v1")),
        f"{_A} [l1 b1, b2, b3; t1 v1]",
    ),
    row(
        "list-of-flags",
        record(l1=listing(flag(value="b1"), flag(value="b2")), t1=text("v1")),
        f"{_A} [l1 b1, b2; t1 v1]",
    ),
    row("repeated-item", record(l1=texts("v1 v1"), n1=integer("i1")), f"{_A} [l1 (twice|two times) v1; n1 i1]"),
    row("repeated-item", record(l1=texts("v1 v1 v1"), n1=integer("i1")), f"{_A} [l1 three times v1; n1 i1]"),
    row(
        "counted-list",
        record(l1=texts("v1 v2"), n1=integer(2)),
        f"{_A} with l1 v1, v2 and (their count|the number of them) as n1",
        f"{_A} whose l1 are v1, v2 and whose n1 is (their count|the number of them)",
    ),
    row(
        "counted-list",
        record(l1=texts("v1 v2 v3"), n1=integer(3)),
        f"{_A} with l1 v1, v2, v3 and (their count|the number of them) as n1",
        f"{_A} whose l1 are v1, v2, v3 and whose n1 is (their count|the number of them)",
    ),
    row(
        "rows-of-numbers",
        record(l1=listing(integers("i1 i2"), integers("i3 i4")), t1=text("v1")),
        f"{_A} [t1 v1] and l1 in (rows|lines): i1, i2; i3, i4",
    ),
    row(
        "pair",
        record(t1=pair(text("v1"), integer("i1")), n1=integer("i2")),
        f"{_A} [t1 the pair v1, i1; n1 i2]",
    ),
    row(
        "span",
        record(n1=pair(integer("j1"), integer("j2")), t1=text("v1")),
        f"{_A} [n1 from j1 to j2; t1 v1]",
        f"{_A} [n1 between j1 and j2; t1 v1]",
    ),
    row(
        "counts",
        record(n1=counts({"v1": "i1", "v2": "i2"}), t1=text("v3")),
        f"{_A} [t1 v3] and n1 i1 for v1, i2 for v2",
        f"{_A} [t1 v3] and n1 of v1 i1, of v2 i2",
    ),
    row(
        "nested",
        record(n1=integer("i1"), k1=record(t1=text("v1"), t2=text("v2"))),
        f"{_A} with n1 i1 (and|for) a k1 [t1 v1; t2 v2]",
        f"{_A} of n1 i1 whose k1 has t1 v1 and t2 v2",
    ),
    row(
        "two-nested",
        record(k1=record(t1=text("v1"), n1=unused("integer")), k2=record(t2=text("v2"), n2=unused("integer"))),
        f"{_A} with k1 t1 v1 and k2 t2 v2",
        f"{_A} whose k1 has t1 v1 and whose k2 has t2 v2",
    ),
    row(
        "deep",
        record(n1=unused("integer"), k1=record(t1=text("v1"), k2=record(t2=text("v2"), n2=unused("integer")))),
        f"{_A} whose k1 has t1 v1 and a k2 [t2 v2]",
        f"{_A} with a k1 [t1 v1] and a k2 [t2 v2]",
    ),
    row(
        "list-in-nested",
        record(n1=integer("i1"), k1=record(l1=texts("v1 v2"), t1=text("v3"))),
        f"{_A} with n1 i1 and a k1 [l1 v1, v2; t1 v3]",
    ),
    row(
        "objects-in-object",
        record(t1=text("v1"), l1=listing(*(record(t2=text(v), n1=unused("integer")) for v in ("v2", "v3")))),
        f"{_A} [t1 v1] and (two l1|l1): t2 v2; t2 v3",
    ),
    row(
        "wrapped",
        record(e1=record(t1=text("v1"), n1=integer("i1")), t2=unused("string")),
        "(wrap|enclose|put) a e1 [t1 v1; n1 i1] (in|inside) an object",
    ),
    row(
        "wrapped-list",
        record(
            l1=listing(*(record(t1=text(v), n1=integer(i)) for v, i in (("v1", "i1"), ("v2", "i2")))),
            f1=unused("boolean"),
        ),
        f"{_LIST} the l1: t1 v1 with n1 i1; t1 v2 with n1 i2",
    ),
    row(
        "two-objects",
        listing(*(record(t1=text(v), n1=integer(i), t2=unused("string")) for v, i in (("v1", "i1"), ("v2", "i2")))),
        f"{_LIST} two e1 objects: t1 v1 and n1 i1; t1 v2 and n1 i2",
        f"{_LIST} two e1 objects: n1 i1 and t1 v1; n1 i2 and t1 v2",
    ),
    row(
        "three-objects",
        listing(*(record(t1=text(v), n1=unused("integer")) for v in ("v1", "v2", "v3"))),
        f"{_LIST} three e1 objects: t1 v1; t1 v2; t1 v3",
    ),
    row(
        "equal-objects",
        listing(*[record(t1=text("v1"), n1=integer("i1"))] * 2),
        f"{_LIST} two equal e1 objects [t1 v1; n1 i1]",
    ),
    row(
        "nested-in-list",
        listing(
            *(
                record(t1=text(v), k1=record(n1=integer(i), t2=unused("string")))
                for v, i in (("v1", "i1"), ("v2", "i2"))
            )
        ),
        f"{_LIST} two e1 objects: t1 v1 with k1 n1 i1; t1 v2 with k1 n1 i2",
    ),
    row(
        "plain-list",
        listing(*(choice(v, "v1 v2 v3 v4") for v in ("v2", "v4", "v1"))),
        f"{_LIST} the (words|values) v2, v4, v1",
        f"{_LIST} (an array|a list) of v2, v4, v1",
    ),
)
FORMS = tuple(dict.fromkeys(each.form for each in ROWS))
KEYWORDS = tuple(sorted(fixed_words(ask for each in ROWS for ask in each.asks) | {"min", "max"}))
"""Every fixed word of the questions and the documents."""
