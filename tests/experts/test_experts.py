"""The experts of this repository are complete, and their grammars and examples are true."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest

from expertkit.data.cypher.engine import GraphDatabase
from expertkit.data.cypher.tables import declare_tables, read_context
from expertkit.data.domain import domain
from expertkit.data.items import Item
from expertkit.data.typescript import trials
from expertkit.evaluation.graders.typescript import TypeScriptGrader
from expertkit.recipes import resolve
from expertkit.recipes.experts import check_folder
from tests.experts.gbnf import Grammar, is_sentence

EXPERTS = sorted(path.parent for path in Path("experts").glob("*/manifest.json"))
DOMAINS = {
    "experts/expert-sql": "sql",
    "experts/expert-json": "json",
    "experts/expert-neo4j": "cypher",
    "experts/expert-typescript": "typescript",
}

WRONG = {
    "experts/expert-sql": [
        "",
        "SELECT",
        "DROP TABLE site",
        "SELECT a FROM b;",
        "SELECT a FROM b WHERE",
        "select a from b",
        "SELECT a FROM b; DROP TABLE b",
        "SELECT a, FROM b",
        "SELECT a FROM b WHERE c = 'd",
        "INSERT INTO a VALUES (1)",
    ],
    "experts/expert-json": [
        "",
        "1",
        '"a"',
        "{",
        "{'a': 1}",
        '{"a": 1,}',
        '{"a": 01}',
        "[NaN]",
        '{"a": "b}',
        '{"a": 1} {}',
        "[1 2]",
        '["\\x"]',
    ],
    "experts/expert-neo4j": [
        "",
        "MATCH (a:b)",
        "MATCH (a:b) RETURN",
        "RETURN 1",
        "MATCH (a:b) RETURN a.c;",
        "match (a:b) return a.c",
        "MATCH (a:b) DELETE a",
        "MATCH (a:b) RETURN a.c MATCH (a:d) RETURN a.c",
        "MATCH (a:b) RETURN a.c,",
        "MATCH (a:b)-[:c]-(d:e) RETURN a.f",
        "MATCH (a:b)-[:c*]->(b:e) RETURN a.f",
        "MATCH (a:b {c: 'd}) RETURN a.e",
        "MATCH (a:b) WHERE RETURN a.c",
        "MATCH (a:b) WHERE a.c = RETURN a.c",
        "CREATE (a:b)",
    ],
    "experts/expert-typescript": [
        "",
        "return",
        "return ;",
        "return rows.length",
        "rows.length;",
        "return rows.map((row) => row.name;",
        "return rows.map((row) => row.name)); }",
        "return rows.filter((row) => row.age > );",
        "return rows.length; return rows;",
        "return { name: row.name;",
        "return 'oslo';",
        'return "oslo;',
        "return rows as any;",
        "return rows.length; // all of them",
        "function pick(rows: Client[]): number { return rows.length; }",
        "for (const row of rows) return row;",
    ],
}


def grammar(expert: Path) -> str:
    """The text of an expert's grammar."""
    return (expert / "grammar.gbnf").read_text(encoding="utf-8")


def cases(expert: Path) -> list[dict[str, str]]:
    """The items that come with an expert."""
    items: list[dict[str, str]] = json.loads((expert / "tests/test_cases.json").read_bytes())
    return items


def test_the_experts_are_known_here() -> None:
    """The tests below run over folders that exist."""
    assert [str(expert) for expert in EXPERTS] == sorted(DOMAINS)


@pytest.mark.parametrize("expert", EXPERTS, ids=str)
def test_an_expert_is_complete(expert: Path) -> None:
    """Its manifest is valid, and everything a package should hold is there."""
    manifest = check_folder(expert).manifest

    assert [entry.name for entry in manifest.base_models] == ["qwen3-tiny", "qwen3-small"]
    assert manifest.license == "MIT"
    assert all((expert / name).stat().st_size > 0 for name in ("README.md", "LICENSE", "grammar.gbnf"))


def test_the_parameters_of_this_repository_resolve() -> None:
    """What is committed is releasable: every expert for every base."""
    keys = [recipe.key for recipe in resolve(Path())]

    assert keys == [
        f"expert-{name}-{base}"
        for name in ("sql", "json", "neo4j", "typescript")
        for base in ("qwen3-small", "qwen3-tiny")
    ]


@pytest.mark.parametrize("expert", EXPERTS, ids=str)
def test_the_grammar_holds_every_answer_that_is_taught(expert: Path) -> None:
    """Generation that is held to the grammar can still say every right answer, of every form."""
    taught = domain(DOMAINS[str(expert)])
    parts = [taught.generate("train", count=4 * len(taught.FORMS), seed=5), taught.generate("test", count=50, seed=5)]
    answers = {item.answer for item in itertools.chain(*parts)}

    outside = [answer for answer in answers if not is_sentence(grammar(expert), answer)]

    assert len(answers) > 100
    assert outside == []


@pytest.mark.parametrize(
    ("expert", "text"), [(expert, text) for expert in EXPERTS for text in WRONG[str(expert)]], ids=str
)
def test_the_grammar_refuses_what_is_no_answer(expert: Path, text: str) -> None:
    """Cut off, several at once, another language, or not quite right."""
    assert not is_sentence(grammar(expert), text)


@pytest.mark.parametrize("expert", EXPERTS, ids=str)
def test_every_rule_of_the_grammar_is_there_and_used(expert: Path) -> None:
    """No rule is missing, left over or unreadable."""
    names = {line.split(" ")[0] for line in grammar(expert).splitlines() if "::=" in line}
    bodies = " ".join(line.partition("::=")[2] for line in grammar(expert).splitlines())

    used = {name for name in names if name in bodies.replace("(", " ").replace("?", " ").replace("*", " ").split()}

    assert used | {"root"} == names


def test_a_rule_that_begins_with_itself_is_found() -> None:
    """The reader of grammars would notice left recursion, which samplers cannot run."""
    left = Grammar({"root": ["root", '"a"', "|", '"a"']}, "aa")

    with pytest.raises(ValueError, match="left-recursive"):
        left.rule("root")(0)


@pytest.mark.parametrize("expert", EXPERTS, ids=str)
def test_the_examples_that_come_with_an_expert_are_right(expert: Path) -> None:
    """Queries run on their schema, documents are valid under theirs, functions pass calls, and all obey the grammar."""
    items = cases(expert)

    assert len({item["id"] for item in items}) == len(items) >= 6
    for item in items:
        assert set(item) == {"id", "question", "context", "answer"}
        assert is_sentence(grammar(expert), item["answer"])
    CHECKS[DOMAINS[str(expert)]](items)


def check_queries(items: list[dict[str, str]]) -> None:
    """They run on an empty database of their schema."""
    for item in items:
        database = sqlite3.connect(":memory:")
        database.executescript(item["context"])
        assert database.execute(item["answer"]).description


def check_documents(items: list[dict[str, str]]) -> None:
    """They are valid under their schema."""
    for item in items:
        jsonschema.validate(json.loads(item["answer"]), json.loads(item["context"]))


def check_graph_queries(items: list[dict[str, str]]) -> None:
    """They run on an empty graph of their schema."""
    for item in items:
        with closing(GraphDatabase(declare_tables(read_context(item["context"])))) as graph:
            assert len(graph.read(item["answer"], most_rows=1)) <= 1


def check_functions(items: list[dict[str, str]]) -> None:
    """They are named by their form, and return what its reference does."""
    asked = [Item(form=item["id"], group="", **item) for item in items]
    grader = TypeScriptGrader(scripts={item.id: trials(item) for item in asked})

    grades = grader.grade_all(asked, [item.answer for item in asked])

    assert all(grade.problem is None for grade in grades)


CHECKS = {
    "sql": check_queries,
    "json": check_documents,
    "cypher": check_graph_queries,
    "typescript": check_functions,
}
