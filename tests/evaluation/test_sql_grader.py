"""The SQL grader: which answers count as right, and what it does with hostile ones."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from expertkit.data.items import Item
from expertkit.data.sql import generate, trials
from expertkit.evaluation.graders.rows import same_rows
from expertkit.evaluation.graders.sql import SqlGrader

CONTEXT = (
    "CREATE TABLE client (id INTEGER, name TEXT, city TEXT); "
    "CREATE TABLE invoice (id INTEGER, client_id INTEGER, price REAL, status TEXT);"
)
SCRIPT = (
    "INSERT INTO client VALUES (1, 'jade', 'oslo'), (2, 'opal', 'rome'), (3, 'onyx', 'oslo');",
    "INSERT INTO invoice VALUES (7, 1, 20, 'blue'), (8, 1, 35.5, 'red'), (9, 3, 50, 'blue'), (10, 3, 20, 'blue');",
)
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n"
FLIPS = (
    (" > ", " < "),
    (" < ", " > "),
    (" >= ", " < "),
    (" = '", " != '"),
    (" = 1", " = 0"),
    ("SUM(", "AVG("),
    ("AVG(", "SUM("),
    ("MAX(", "MIN("),
    ("MIN(", "MAX("),
    (" DESC", ""),
    ("DISTINCT ", ""),
)
DROPS = (r" WHERE [^()]*$", r" LIMIT \d+$", r" HAVING .*$", r" GROUP BY [\w.]+$", r" ORDER BY \w+$")


def make_item(answer: str) -> Item:
    """An item with that gold answer, on the schema of this file."""
    return Item(id="test-1", form="any", group="g", question="?", context=CONTEXT, answer=answer)


def is_right(gold: str, answer: str) -> bool:
    """Whether the answer's rows count as gold's."""
    return SqlGrader(scripts={"test-1": [SCRIPT]}).grade(make_item(gold), answer).scores["rows"]


def mutate(item: Item) -> Iterator[str]:
    """Answers that differ from gold by one slip."""
    for old, new in FLIPS:
        yield item.answer.replace(old, new)
    for pattern in DROPS:
        yield re.sub(pattern, "", item.answer)
    yield re.sub(r"(ORDER BY \w+)(?! DESC)\b", r"\1 DESC", item.answer)
    for fields in re.findall(r"\(([^)]*)\);", item.context):
        names = [field.split()[0] for field in fields.split(", ") if "id" not in field.split()[0].split("_")]
        for name, other in zip(names, names[1:] + names[:1], strict=True):
            yield re.sub(rf"(?<!')\b{name}\b", other, item.answer)


@pytest.fixture(scope="module")
def items() -> list[Item]:
    """Generated items, four of every form."""
    return list(generate("test", count=180, seed=3))


@pytest.fixture(scope="module")
def grader(items: list[Item]) -> SqlGrader:
    """The grader of the generated items."""
    return SqlGrader(scripts={item.id: trials(item) for item in items})


def test_gold_answers_are_right(items: list[Item], grader: SqlGrader) -> None:
    """Every generated gold answer passes its own grading."""
    grades = [grader.grade(item, item.answer) for item in items]

    assert all(grade.scores == {"rows": True, "parses": True} and grade.problem is None for grade in grades)


def test_slips_are_told_apart(items: list[Item], grader: SqlGrader) -> None:
    """At least 97 % of answers with one slip are wrong on some database."""
    slips = [(item, answer) for item in items for answer in mutate(item) if answer != item.answer]

    caught = [not grader.grade(item, answer).scores["rows"] for item, answer in slips]

    assert len(slips) > 500
    assert sum(caught) >= 0.97 * len(slips)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("SELECT city FROM client", "SELECT c.city AS town FROM client AS c;"),
        (
            "SELECT price FROM invoice WHERE status = 'blue' AND price > 20",
            "select price from invoice where price > 20 and status = 'blue'",
        ),
        (
            "SELECT invoice.price FROM invoice JOIN client ON invoice.client_id = client.id WHERE client.city = 'oslo'",
            "SELECT price FROM invoice WHERE client_id IN (SELECT id FROM client WHERE city = 'oslo')",
        ),
        ("SELECT MAX(price) FROM invoice", "SELECT price FROM invoice ORDER BY price DESC LIMIT 1"),
        ("SELECT COUNT(*) FROM client", "SELECT 3.0"),
        ("SELECT AVG(price) FROM invoice", "SELECT SUM(price / 3) * 3 / COUNT(*) FROM invoice"),
        ("SELECT name FROM client", "SELECT name FROM client ORDER BY name DESC"),
    ],
)
def test_equivalent_answers_are_right(gold: str, answer: str) -> None:
    """Aliases, subqueries, reordered conditions and numeric types make no difference."""
    assert is_right(gold, answer)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("SELECT city FROM client", "SELECT DISTINCT city FROM client"),
        ("SELECT DISTINCT city FROM client", "SELECT city FROM client"),
        ("SELECT name, city FROM client", "SELECT city, name FROM client"),
        ("SELECT name FROM client", "SELECT name, city FROM client"),
        ("SELECT price FROM invoice ORDER BY price", "SELECT price FROM invoice ORDER BY price DESC"),
        ("SELECT COUNT(*) FROM client", "SELECT '3'"),
        ("SELECT name FROM client WHERE city = 'lima'", "SELECT NULL"),
        ("SELECT name FROM client", "SELECT name FROM clients"),
    ],
)
def test_other_rows_are_wrong(gold: str, answer: str) -> None:
    """Duplicates count, columns have an order, text is no number, and order matters where gold sorts."""
    assert not is_right(gold, answer)


def test_order_matters_only_where_the_outermost_gold_query_sorts() -> None:
    """Sorting inside a subquery of gold leaves the order of its rows open."""
    gold = "SELECT name FROM client WHERE id IN (SELECT client_id FROM invoice ORDER BY price LIMIT 3)"

    assert is_right(gold, f"{gold} ORDER BY name DESC")


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "name of each client",
        "SELECT FROM WHERE",
        "SELECT 1; SELECT 2",
        "DROP TABLE client",
        "DELETE FROM client",
        "WITH doomed AS (SELECT 1) DELETE FROM client",
        "ATTACH 'other.db' AS other",
        "PRAGMA table_info(client)",
        "EXPLAIN SELECT 1",
        f"SELECT {'(' * 1500}1{')' * 1500}",
        f"SELECT {'- ' * 1500}1",
        f"SELECT {'1, ' * 3000}1",
    ],
)
def test_what_is_not_one_query_does_not_parse(answer: str) -> None:
    """Prose, several statements, statements that change something and nested depths are refused unrun."""
    grade = SqlGrader(scripts={"test-1": [SCRIPT]}).grade(make_item("SELECT name FROM client"), answer)

    assert grade.scores == {"rows": False, "parses": False}
    assert grade.problem


@pytest.mark.parametrize(
    "answer",
    [
        "SELECT load_extension('other')",
        "SELECT name FROM client ORDER BY random()",
        "SELECT randomblob(2)",
        "SELECT CURRENT_TIMESTAMP",
        "SELECT * FROM pragma_table_info('client')",
        "SELECT zeroblob(900000000)",
        "SELECT CAST(x'ff' AS TEXT)",
        "SELECT '\0'",
        "SELECT '\ud800'",
        "SELECT ?",
        "SELECT missing(name) FROM client",
        "SELECT a.id FROM invoice a, invoice b, invoice c, invoice d, invoice e, invoice f, invoice g, invoice h",
    ],
)
def test_a_query_that_cannot_run_is_wrong_and_raises_nothing(answer: str) -> None:
    """Forbidden functions, huge values, broken text and too many rows are problems of the answer."""
    grade = SqlGrader(scripts={"test-1": [SCRIPT]}).grade(make_item("SELECT name FROM client"), answer)

    assert grade.scores == {"rows": False, "parses": True}
    assert grade.problem


def test_answers_cannot_change_the_database_even_past_the_parser(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SQLite itself refuses to write, attach or configure."""
    monkeypatch.setattr("expertkit.evaluation.graders.sql.find_parse_problem", lambda _answer: None)
    grader = SqlGrader(scripts={"test-1": [SCRIPT]})
    item = make_item("SELECT name FROM client")
    target = tmp_path / "other.db"

    for attack in (
        "DROP TABLE client",
        "PRAGMA query_only = OFF",
        f"ATTACH '{target}' AS other",
        f"VACUUM INTO '{target}'",
    ):
        assert grader.grade(item, attack).scores["rows"] is False

    assert not target.exists()
    assert grader.grade(item, item.answer).scores["rows"]


def test_an_endless_query_is_stopped() -> None:
    """A query without an end is wrong after so much work, the same everywhere, or at the latest after some time."""
    patient, hasty = (SqlGrader(scripts={"test-1": [SCRIPT, SCRIPT]}, time_limit_s=limit) for limit in (1e9, 0.0))
    started = time.monotonic()

    by_work, by_clock = (grader.grade(make_item("SELECT name FROM client"), ENDLESS) for grader in (patient, hasty))

    assert time.monotonic() - started < 5
    assert by_work.problem == "database 1: stopped after 20001000 steps"
    assert by_clock.problem == "database 1: stopped after 1000 steps"


@pytest.mark.parametrize(
    "answer",
    [
        "SELECT a FROM t " + "JOIN x " * 40,
        "SELECT a FROM t " + "JOIN x " * 20 + "ON a = b",
        "SELECT a FROM " + "UNION ( " * 40,
    ],
    ids=lambda answer: answer[:24],
)
def test_an_answer_that_the_parser_would_read_for_hours_is_stopped(answer: str) -> None:
    """A few dozen words can make sqlglot go back and try again without end; its work is counted, and bounded."""
    grader = SqlGrader(scripts={"test-1": [SCRIPT]})
    started = time.monotonic()

    grade = grader.grade(make_item("SELECT name FROM client"), answer)

    assert time.monotonic() - started < 5
    assert grade.problem == "answer does not parse: it has too many readings"
    assert sys.getprofile() is None


def test_an_answer_must_be_right_on_every_database() -> None:
    """One database on which the rows differ is enough to be wrong, and it is named."""
    other = (SCRIPT[0], "INSERT INTO invoice VALUES (1, 1, 1, 'red');")
    grader = SqlGrader(scripts={"test-1": [SCRIPT, other]})

    grade = grader.grade(make_item("SELECT COUNT(*) FROM invoice"), "SELECT 4")

    assert grade.problem == "database 2: expected (1,), got (4,)"


def test_databases_are_read_from_json_lines(tmp_path: Path) -> None:
    """A file of databases makes a grader for its items."""
    path = tmp_path / "trials.jsonl"
    path.write_text(json.dumps({"id": "test-1", "scripts": [SCRIPT]}) + "\n", encoding="utf-8")

    grader = SqlGrader.from_file(path)

    assert grader.grade(make_item("SELECT name FROM client"), "SELECT name FROM client").scores["rows"]
    assert grader.metrics == ("rows", "parses")


def test_broken_gold_is_the_callers_mistake() -> None:
    """An item without databases or with an answer that does not run is an error, not a wrong answer."""
    grader = SqlGrader(scripts={"test-1": [SCRIPT]})

    with pytest.raises(ValueError, match="gold answer of item 'test-1' does not run"):
        grader.grade(make_item("SELECT nothing FROM client"), "SELECT 1")
    with pytest.raises(ValueError, match="no databases for item 'test-1'"):
        SqlGrader(scripts={}).grade(make_item("SELECT 1"), "SELECT 1")


def test_rows_a_rounding_error_apart_are_the_same_in_any_order() -> None:
    """Floats are compared within a tolerance after both sides were sorted."""
    assert same_rows([(0.3, "b"), (0.1 + 0.2, "a")], [(0.1 + 0.2, "b"), (0.3, "a")], ordered=False)
    assert not same_rows([(0.3, "b")], [(0.3001, "b")], ordered=False)


def test_null_is_only_null_and_text_is_no_blob() -> None:
    """Cells of different kinds are never equal."""
    cells = (None, 0, "0", b"0")

    equal = [(a, b) for a in cells for b in cells if same_rows([(a,)], [(b,)], ordered=True)]

    assert equal == [(cell, cell) for cell in cells]
