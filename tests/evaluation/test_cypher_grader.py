"""The Cypher grader: which answers count as right, and what it does with hostile ones."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from expertkit.data.cypher import FORMS, generate, trials
from expertkit.data.items import Item
from expertkit.errors import DependencyError
from expertkit.evaluation.graders.cypher import CypherGrader
from expertkit.evaluation.graders.cypher.clauses import is_ordered
from expertkit.evaluation.graders.cypher.process import GraphProcess, QueryError
from expertkit.evaluation.graders.rows import same_rows

CONTEXT = "(:client {name: STRING, city: STRING, age: INTEGER})-[:sold {year: INTEGER}]->(:car {price: INTEGER})"
SCRIPT = (
    "CREATE NODE TABLE client (id SERIAL PRIMARY KEY, name STRING, city STRING, age INT64, active BOOL);",
    "CREATE NODE TABLE car (id SERIAL PRIMARY KEY, price INT64);",
    "CREATE REL TABLE sold (FROM client TO car, year INT64);",
    """CREATE (a0:client {name: 'jade', city: 'oslo', age: 20, active: true}),
    (a1:client {name: 'opal', city: 'rome', age: 30, active: false}),
    (a2:client {name: 'onyx', city: 'oslo', age: 41, active: true}), (a3:client {name: 'ruby', age: 50}),
    (b0:car {price: 7}), (b1:car {price: 9}), (b2:car {price: 12}),
    (a0)-[:sold {year: 3}]->(b0), (a0)-[:sold {year: 5}]->(b1), (a1)-[:sold {year: 8}]->(b1);""",
)
NAMES = "MATCH (a:client) RETURN a.name"
CRASHING = "RETURN ID(null)"  # what the engine does not survive
FLIPS = (
    (" > ", " < "),
    (" > ", " >= "),
    (" >= ", " > "),
    (" < ", " > "),
    (" <> ", " = "),
    (" = '", " <> '"),
    ("SUM(", "AVG("),
    ("AVG(", "SUM("),
    ("MAX(", "MIN("),
    ("MIN(", "MAX("),
    (" DESC", ""),
    ("DISTINCT ", ""),
    ("OPTIONAL ", ""),
    ("NOT EXISTS", "EXISTS"),
    (" EXISTS", " NOT EXISTS"),
    ("-[", "<-["),
    (": true", ": false"),
    (" AND ", " OR "),
)
DROPS = (
    r" WHERE .*(?= RETURN)",
    r" AND .*(?= RETURN)",
    r" WITH .*(?= RETURN)",
    r" \{\w+: [^}]*\}",
    r" LIMIT \d+$",
    r" ORDER BY .*$",
    r", '\w+'(?=\])",
    r"(?<=RETURN )\S+, ",
    r", [^,]*$",
)


def make_item(answer: str) -> Item:
    """An item with that gold answer, on the schema of this file."""
    return Item(id="test-1", form="any", group="g", question="?", context=CONTEXT, answer=answer)


@pytest.fixture(scope="module")
def small() -> CypherGrader:
    """The grader of the items that ``make_item`` makes."""
    return CypherGrader(scripts={"test-1": [SCRIPT]})


@pytest.fixture(scope="module")
def items() -> list[Item]:
    """Generated items, two of every form."""
    return list(generate("test", count=2 * len(FORMS), seed=3))


@pytest.fixture(scope="module")
def grader(items: list[Item]) -> CypherGrader:
    """The grader of the generated items."""
    return CypherGrader(scripts={item.id: trials(item) for item in items})


def mutate(item: Item) -> Iterator[str]:
    """Answers that differ from gold by one slip."""
    for old, new in FLIPS:
        yield item.answer.replace(old, new, 1)
    for pattern in DROPS:
        yield re.sub(pattern, "", item.answer, count=1)
    yield re.sub(r"(ORDER BY \S+)(?! DESC)$", r"\1 DESC", item.answer)
    yield re.sub(r"(?<= )[2-9](?=$| )|(?<= )\d\d+", lambda number: str(int(number[0]) + 1), item.answer)
    yield re.sub(r"(-\[.*)COUNT\((?:\*|b)\)", r"\1COUNT(DISTINCT a)", item.answer)
    yield re.sub(r"(\(a:(\w+)\b.*\])->(?=\(b:\2\b)", r"\1-", item.answer)
    yield re.sub(r"'(\w+)'", "'other'", item.answer, count=1)
    for properties in re.findall(r"\{([^}]*)\}", item.context):
        names = [declared.split(": ")[0] for declared in properties.split(", ")]
        for name, other in zip(names, names[1:] + names[:1], strict=True):
            yield re.sub(rf"\b{name}\b", other, item.answer)
    first, second = (re.findall(r"\(:(\w+)", item.context) * 2)[:2]
    yield re.sub(rf":{first}\b", f":{second}", item.answer)


def test_gold_answers_are_right_as_other_texts_too(items: list[Item], grader: CypherGrader) -> None:
    """Every generated gold answer passes its own grading, and when it is run with its variables called otherwise."""
    for item in items:
        renamed = re.sub(r"\b([abcr])(?=[).:,])", r"\1\1", item.answer)
        assert renamed != item.answer

        grades = [grader.grade(item, answer) for answer in (item.answer, renamed)]

        assert [grade.scores for grade in grades] == [{"rows": True, "parses": True}] * 2, grades
        assert [grade.problem for grade in grades] == [None, None]


def test_slips_are_told_apart(items: list[Item], grader: CypherGrader) -> None:
    """At least 97 % of answers with one slip that are queries all the same are wrong on some graph."""
    slips = [(item, answer) for item in items for answer in sorted({*mutate(item)} - {item.answer})]

    grades = [grader.grade(item, answer) for item, answer in slips]
    run = [(slip, grade) for slip, grade in zip(slips, grades, strict=True) if "exception" not in str(grade.problem)]
    missed = [answer for (_, answer), grade in run if grade.scores["rows"]]

    assert len(run) > 4 * len(items)
    assert len(missed) <= 0.03 * len(run), missed


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (
            "MATCH (a:client {city: 'oslo'}) RETURN a.name",
            "MATCH (x:client) WHERE x.city = 'oslo' RETURN x.name AS who;",
        ),
        (
            "MATCH (a:client) WHERE a.city = 'oslo' AND a.age > 20 RETURN a.name",
            'match (a:client) where a.age > 20 and a.city = "oslo" return a.name',
        ),
        (
            "MATCH (a:client)-[:sold]->(b:car) RETURN a.name, b.price",
            "MATCH (b:car)<-[:sold]-(a:client)\nRETURN a.name, b.price",
        ),
        (
            "MATCH (a:client) WHERE NOT EXISTS { MATCH (a)-[:sold]->(:car) } RETURN a.name",
            "MATCH (a:client) WHERE NOT (a)-[:sold]->(:car) RETURN a.name",
        ),
        (
            "MATCH (a:client)-[:sold]->(b:car) WITH a, COUNT(b) AS n WHERE n > 1 RETURN a.name",
            "MATCH (a:client) WHERE COUNT { MATCH (a)-[:sold]->(:car) } > 1 RETURN a.name",
        ),
        ("MATCH (a:client) RETURN MAX(a.age)", "MATCH (a:client) RETURN a.age ORDER BY a.age DESC LIMIT 1"),
        ("MATCH (a:client) RETURN COUNT(*)", "RETURN 4.0"),
        ("MATCH (a:client) RETURN SUM(a.age)", "RETURN 141"),
        ("MATCH (a:client) RETURN AVG(a.age)", "MATCH (a:client) RETURN SUM(a.age) / 4.0"),
        ("MATCH (a:client) RETURN a.active", "MATCH (a:client) RETURN a.active ORDER BY a.name"),
        (NAMES, "MATCH (a:client) RETURN a.name ORDER BY a.name DESC"),
        (NAMES, "MATCH (a:client {city: 'oslo'}) RETURN a.name UNION MATCH (a:client) RETURN a.name"),
        ("MATCH (a:client)-[:sold*1..1]->(b) RETURN b.price", "MATCH (a:client)-[:sold]->(b) RETURN b.price"),
    ],
)
def test_equivalent_answers_are_right(small: CypherGrader, gold: str, answer: str) -> None:
    """Names, quotes, directions, other clauses, reordered conditions and numeric types make no difference."""
    assert small.grade(make_item(gold), answer).problem is None


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("MATCH (a:client) RETURN a.city", "MATCH (a:client) RETURN DISTINCT a.city"),
        ("MATCH (a:client) RETURN DISTINCT a.city", "MATCH (a:client) RETURN a.city"),
        ("MATCH (a:client) RETURN a.name, a.city", "MATCH (a:client) RETURN a.city, a.name"),
        (NAMES, "MATCH (a:client) RETURN a.name, a.city"),
        ("MATCH (a:client) RETURN a.age ORDER BY a.age", "MATCH (a:client) RETURN a.age ORDER BY a.age DESC"),
        ("MATCH (a:client) RETURN COUNT(*)", "RETURN '4'"),
        ("MATCH (a:client {name: 'jade'}) RETURN a.active", "RETURN 1"),
        ("MATCH (a:client {name: 'jade'}) RETURN a.active", "RETURN 1.0"),
        ("MATCH (a:client {name: 'jade'}) RETURN a.name", "RETURN ['jade']"),
        ("MATCH (a:client {city: 'lima'}) RETURN a.name", "RETURN NULL"),
        (NAMES, "RETURN 'graph 1: Parser exception'"),
        (NAMES, "MATCH (a:client) RETURN a"),
        (NAMES, "MATCH (a:client) RETURN COLLECT(a.name)"),
        (NAMES, "MATCH (a:clients) RETURN a.name"),
        (NAMES, "MATCH (a:client) RETURN a.nothing"),
        (NAMES, "MATCH (a:client) RETURN b.name"),
    ],
)
def test_other_rows_are_wrong(small: CypherGrader, gold: str, answer: str) -> None:
    """Duplicates count, columns have an order, true is no number, a list no text, and order counts where gold sorts."""
    grade = small.grade(make_item(gold), answer)

    assert grade.scores == {"rows": False, "parses": True}
    assert str(grade.problem).startswith("graph 1: ")


@pytest.mark.parametrize(
    ("query", "ordered"),
    [
        ("MATCH (a:x) RETURN a.y ORDER BY a.y", True),
        ("match (a:x) return a.y order by a.y limit 2", True),
        ("MATCH (a:x) WITH a ORDER BY a.y LIMIT 2 RETURN a.z", False),
        ("MATCH (a:x) WHERE EXISTS { MATCH (b:x) RETURN b ORDER BY b.y } RETURN a.z", False),
        ("MATCH (a:order) RETURN a.order", False),
    ],
)
def test_rows_are_ordered_only_where_the_last_clause_sorts(query: str, *, ordered: bool) -> None:
    """Sorting before the last RETURN, inside a subquery or in a name leaves the order of rows open."""
    assert is_ordered(query) == ordered


def test_order_before_the_last_clause_is_not_compared(small: CypherGrader) -> None:
    """What gold sorts only to cut it may come in any order."""
    gold = "MATCH (a:client) WITH a ORDER BY a.age LIMIT 3 RETURN a.name"

    assert small.grade(make_item(gold), f"{gold} ORDER BY a.name DESC").scores["rows"]


@pytest.mark.parametrize(
    "answer",
    [
        "",
        ";",
        "name of each client",
        "MATCH",
        "MATCH (a:client RETURN a.name",
        "MATCH (a:client) RETURN a.name)",
        "MATCH (a:client) a.name",
        "MATCH (a:client) RETURN",
        "SELECT name FROM client",
        "RETURN 1; RETURN 2",
        "CREATE (:client {name: 'new'})",
        "MATCH (a:client) CREATE (:client {name: a.name})",
        "MATCH (a:client) SET a.name = 'x' RETURN a.name",
        "MATCH (a:client) REMOVE a.name",
        "MATCH (a:client) DETACH DELETE a",
        "MATCH (a:client) DELETE a RETURN COUNT(*)",
        "MATCH (a:client) MERGE (:car {price: 1})",
        "WITH * SET a.name = 'x'",
        "WITH * UNWIND [1, 2] AS x RETURN x",
        "MATCH (a:client) WITH a AS MERGE (b:car {price: 1})",
        "MATCH (a:client) WITH a ORDER BY a.age DESC UNWIND [1, 2] AS x RETURN x",
        "UNWIND [1, 2] AS x RETURN x",
        "CALL show_tables() RETURN *",
        "MATCH (a:client) CALL show_tables() RETURN *",
        "CALL threads=4",
        "LOAD FROM '/etc/passwd' (file_format='csv') RETURN *",
        "MATCH (a:client) LOAD FROM '/etc/passwd' RETURN *",
        "COPY (MATCH (a:client) RETURN a.name) TO 'other.csv'",
        "COPY client FROM 'other.csv'",
        "EXPORT DATABASE 'other'",
        "IMPORT DATABASE 'other'",
        "ATTACH 'other.db' AS other (dbtype sqlite)",
        "INSTALL httpfs",
        "LOAD EXTENSION httpfs",
        "DROP TABLE client",
        "ALTER TABLE client ADD x INT64",
        "CREATE NODE TABLE x (id SERIAL PRIMARY KEY)",
        "BEGIN TRANSACTION",
        "COMMIT",
        "CHECKPOINT",
        "EXPLAIN MATCH (a:client) RETURN a.name",
        "PROFILE MATCH (a:client) RETURN a.name",
        "MATCH (a:client) RETURN gen_random_uuid()",
        "MATCH (a:client) RETURN current_timestamp()",
        "RETURN range(1, 100000000)",
        "RETURN $x",
        "MATCH (a:`client`) RETURN a.name",
        "MATCH (a:client) /* no comment */ RETURN a.name",
        "MATCH (a:client) RETURN a.name // no comment",
        "MATCH (a:client) RETURN 'it\\'s'",
        "RETURN '\0'",
        "RETURN '\ud800'",
        "RETURN é",
        f"RETURN {'(' * 15}1{')' * 15}",
        f"RETURN {'1, ' * 150}1",
        f"RETURN '{'x' * 2500}'",
        "MATCH (a), (b), (c), (d), (e), (f) RETURN COUNT(*)",
        "MATCH (a)-[:sold*]->(b) RETURN a",
        "MATCH (a)-[:sold*2..]->(b) RETURN a",
        "MATCH (a)-[*1..30]-(b) RETURN COUNT(*)",
        "WITH 'x' AS a WITH a + a AS b WITH b + b AS c RETURN c",
    ],
)
def test_what_is_not_one_reading_query_does_not_parse(small: CypherGrader, answer: str) -> None:
    """Prose, several statements, whatever writes or reaches out, and what would be too much work are refused."""
    grade = small.grade(make_item(NAMES), answer)

    assert grade.scores == {"rows": False, "parses": False}
    assert len(str(grade.problem).splitlines()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "MATCH (a:client) RETURN UPPER(a.age)",
        "RETURN 1 % 0",
        "RETURN 99999999999999999999999999999999999999999999",
        "MATCH (a:client) RETURN SUM(SUM(a.age))",
        "MATCH (a:client) WITH COLLECT(a.name) AS n RETURN n[9]",
        "MATCH (a), (b), (c), (d), (e) RETURN a.name + b.name + c.name AS n ORDER BY n",
        "MATCH (a), (b), (c), (d), (e) RETURN a.name",
    ],
)
def test_a_query_that_cannot_run_is_wrong_and_raises_nothing(small: CypherGrader, answer: str) -> None:
    """Other types, numbers out of range, too much memory and too many rows are problems of the answer."""
    grade = small.grade(make_item(NAMES), answer)

    assert grade.scores == {"rows": False, "parses": True}
    assert grade.problem


def test_the_engine_may_fail_on_an_answer(monkeypatch: pytest.MonkeyPatch, small: CypherGrader) -> None:
    """A query that ends its process is wrong, and what comes after it is judged as ever."""
    monkeypatch.setattr("expertkit.evaluation.graders.cypher.find_refusal", lambda _answer: None)

    grades = [small.grade(make_item(NAMES), answer) for answer in (CRASHING, f"{NAMES} LIMIT 9", CRASHING)]

    assert [grade.scores["rows"] for grade in grades] == [False, True, False]
    assert grades[0].problem == "graph 1: the engine failed"


def test_a_process_that_died_of_something_else_costs_no_answer() -> None:
    """The query that found it dead is run again."""
    engine = GraphProcess()
    before = engine.run(SCRIPT, NAMES, limit_s=10)
    assert engine._process
    os.kill(engine._process.pid, signal.SIGKILL)

    after = engine.run(SCRIPT, NAMES, limit_s=10)

    assert same_rows(before, after, ordered=True)
    assert len(after) == 4


def test_a_process_ends_with_the_last_that_could_ask_it() -> None:
    """Nothing is left running."""
    engine = GraphProcess()
    engine.run(SCRIPT, NAMES, limit_s=10)
    process = engine._process
    assert process
    assert process.poll() is None

    del engine

    assert process.poll() == 0


def test_an_error_leaves_the_graph_as_it_was() -> None:
    """The engine takes everything back after an error; the next query finds its graph all the same."""
    engine = GraphProcess()

    for wrong in ("MATCH (a:nothing) RETURN a", "MATCH (a:client", "RETURN 1 % 0", "CREATE (:client {nothing: 1})"):
        with pytest.raises(QueryError):
            engine.run(SCRIPT, wrong, limit_s=10)

        assert engine.run(SCRIPT, "MATCH (a:client) RETURN COUNT(*)", limit_s=10) == [(4,)]


def test_a_query_past_the_parser_can_reach_no_file(tmp_path: Path) -> None:
    """Where queries run, nothing can be opened and nothing written."""
    engine = GraphProcess()
    secret, target = tmp_path / "secret.csv", tmp_path / "other.csv"
    secret.write_text("name\nsecret\n", encoding="utf-8")

    for attack in (
        f"LOAD FROM '{secret}' RETURN *",
        f"COPY (MATCH (a:client) RETURN a.name) TO '{target}'",
        f"COPY client FROM '{secret}'",
        f"ATTACH '{secret}' AS other (dbtype sqlite)",
        "LOAD FROM 'https://127.0.0.1/other.csv' RETURN *",
        "INSTALL httpfs",
    ):
        with pytest.raises(QueryError) as refusal:
            engine.run(SCRIPT, attack, limit_s=10)
        assert "secret" not in str(refusal.value).replace(str(secret), "")

    assert list(tmp_path.iterdir()) == [secret]
    assert engine.run(SCRIPT, NAMES, limit_s=10)


def test_a_query_past_the_parser_is_stopped() -> None:
    """What computes too long is ended, and the next query runs."""
    engine = GraphProcess()
    endless = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN SUM(a * b % 7)"
    engine.run(SCRIPT, NAMES, limit_s=10)
    started = time.monotonic()

    with pytest.raises(QueryError, match=r"stopped after 0\.5 s"):
        engine.run(SCRIPT, endless, limit_s=0.5)

    assert time.monotonic() - started < 10
    assert len(engine.run(SCRIPT, NAMES, limit_s=10)) == 4


@pytest.mark.parametrize(
    "answer",
    [
        "MATCH (a), (b), (c), (d), (e) RETURN DISTINCT {sum}",
        "MATCH (a), (b), (c), (d), (e) RETURN a.{num}, COUNT(DISTINCT {sum})",
        "MATCH (a), (b), (c), (d), (e) RETURN {sum} AS n ORDER BY n",
        "MATCH (a)-[]-(b)-[]-(c)-[]-(d)-[]-(e) RETURN COUNT(DISTINCT {sum})",
        "MATCH (a)-[*1..4]-(b) RETURN COUNT(DISTINCT a.{num} + b.{num})",
        f"MATCH (a) WITH a.{{num}}{' + a.{num}' * 20} AS x WITH x{' + x' * 25} AS y RETURN y{' + y' * 25}",
        f"RETURN {'- ' * 190}1",
        f"RETURN {'NOT ' * 190}true",
        f"RETURN 1 AS x{' UNION RETURN 1 AS x' * 30}",
        f"RETURN {'[' * 12}1{']' * 12}",
    ],
    ids=lambda answer: answer[:40],
)
def test_the_most_work_that_may_be_written_is_little(items: list[Item], answer: str) -> None:
    """What is let through ends long before it would be stopped, so that no verdict hangs on the clock."""
    item = next(item for item in items if item.form.startswith("path-") and "INTEGER" in item.context)
    num = item.context.partition(": INTEGER")[0].split()[-1].strip("{")
    written = answer.format(num=num, sum=" + ".join(f"{variable}.{num}" for variable in "abcde"))
    hasty = CypherGrader(scripts={item.id: trials(item)}, time_limit_s=CypherGrader(scripts={}).time_limit_s / 5)

    grade = hasty.grade(item, written)

    assert grade.scores == {"rows": False, "parses": True}
    assert not re.search("stopped|failed|Binder", str(grade.problem))


def test_an_answer_must_be_right_on_every_graph() -> None:
    """One graph on which the rows differ is enough to be wrong, and it is named."""
    other = (*SCRIPT[:3], "CREATE (:client {name: 'jade'});")
    grader = CypherGrader(scripts={"test-1": [SCRIPT, other]})

    grade = grader.grade(make_item("MATCH (a:client) RETURN COUNT(*)"), "RETURN 4")

    assert grade.problem == "graph 2: expected (1,), got (4,)"


def test_graphs_are_read_from_json_lines(tmp_path: Path) -> None:
    """A file of graphs makes a grader for its items."""
    path = tmp_path / "trials.jsonl"
    path.write_text(json.dumps({"id": "test-1", "scripts": [SCRIPT]}) + "\n", encoding="utf-8")

    grader = CypherGrader.from_file(path)

    assert grader.grade(make_item(NAMES), "MATCH (b:client) RETURN b.name").scores["rows"]
    assert grader.metrics == ("rows", "parses")


def test_broken_gold_is_the_callers_mistake(small: CypherGrader) -> None:
    """An item without graphs or with an answer that does not run is an error, even if the answer is the same."""
    broken = "MATCH (a:client) RETURN a.nothing"

    for answer in (NAMES, broken):
        with pytest.raises(ValueError, match="gold answer of item 'test-1' does not run: Binder exception"):
            small.grade(make_item(broken), answer)
    with pytest.raises(ValueError, match="no graphs for item 'test-1'"):
        CypherGrader(scripts={}).grade(make_item(NAMES), NAMES)


def test_a_missing_engine_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where LadybugDB does not load no answer is wrong for it."""
    (tmp_path / "ladybug.py").write_text("raise ImportError\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(DependencyError, match="expected ladybug"):
        GraphProcess().run(SCRIPT, NAMES, limit_s=10)


def test_true_is_no_number() -> None:
    """Cells of different kinds are never equal, and can be sorted together."""
    cells = (None, True, 1, 1.0, "1", b"1")

    equal = {(a, b) for a in cells for b in cells if same_rows([(a,)], [(b,)], ordered=False)}

    assert equal == {(None, None), (True, True), (1, 1), ("1", "1"), (b"1", b"1")}
    assert not same_rows([(True,)], [(1.0,)], ordered=True)
    assert same_rows([(True,), (None,)], [(None,), (True,)], ordered=False)
