"""The SQL domain: what its items and its databases promise."""

from __future__ import annotations

import hashlib
import itertools
import random
import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing

import pytest

from expertkit.data import words
from expertkit.data.items import Item
from expertkit.data.split import PARTS, Part, part_of
from expertkit.data.sql import KEYWORDS, generate, sample_document, trials

COUNTS: dict[Part, int] = {"train": 3000, "dev": 300, "test": 500}
NAMES = frozenset(
    itertools.chain(words.ENTITIES, words.NUMBER_FIELDS, words.TEXT_FIELDS, words.FLAG_FIELDS, words.VALUES)
)
UNSEEN_NAMES = frozenset(word for name, group in vars(words).items() if name.startswith("UNSEEN_") for word in group)
TABLE = re.compile(r"CREATE TABLE (\w+) \(([^)]*)\);")


@pytest.fixture(scope="module")
def parts() -> dict[Part, list[Item]]:
    """Items of every part, as many as a run of the pipeline has."""
    return {part: list(generate(part, count=count, seed=1)) for part, count in COUNTS.items()}


@pytest.fixture(scope="module")
def unseen() -> list[Item]:
    """Items about names that training never sees."""
    return list(generate("test", count=300, seed=1, unseen=True))


def list_tables(items: Iterable[Item]) -> set[str]:
    """The canonical texts of all tables, made here from the DDL alone."""
    return {
        f"{name}({', '.join(sorted(fields.split(', ')))})"
        for item in items
        for name, fields in TABLE.findall(item.context)
    }


def list_words(items: Iterable[Item]) -> set[str]:
    """Every lower-case word of the contexts and answers, references taken apart."""
    text = " ".join(f"{item.context} {item.answer}" for item in items)
    return set(re.findall("[a-z]+", text))


def run_query(item: Item, script: Sequence[str]) -> list[tuple[object, ...]]:
    """The rows of the gold answer."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(item.context + "".join(script))
        return database.execute(item.answer).fetchall()


@pytest.mark.parametrize("part", PARTS)
def test_questions_and_tables_obey_the_rule_of_their_part(parts: dict[Part, list[Item]], part: Part) -> None:
    """Every question and the canonical text of every table belong to the part."""
    assert {part_of(item.question) for item in parts[part]} == {part}
    assert {part_of(table) for table in list_tables(parts[part])} == {part}


def test_parts_share_no_question_and_no_table(parts: dict[Part, list[Item]]) -> None:
    """Questions are unique, and no two parts have a table with the same columns."""
    items = [item for part in PARTS for item in parts[part]]

    tables = [list_tables(parts[part]) for part in PARTS]

    assert len({item.question for item in items}) == len(items)
    assert len(set.union(*tables)) == sum(map(len, tables))


def test_items_of_one_group_have_the_same_tables(parts: dict[Part, list[Item]]) -> None:
    """A group names a set of tables, whatever the order they are declared in."""
    for item in parts["test"]:
        text = "\n".join(sorted(list_tables([item])))

        assert item.group == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_made_up_names_are_for_training_only(parts: dict[Part, list[Item]]) -> None:
    """A fifth of the training items holds names that are no words; the other parts hold none."""
    known = NAMES | {"id"}

    shares = {part: sum(not list_words([item]) <= known for item in parts[part]) / COUNTS[part] for part in PARTS}

    assert shares["train"] == pytest.approx(0.2, abs=0.03)
    assert shares["dev"] == shares["test"] == 0


def test_unseen_items_hold_only_names_that_training_never_sees(
    parts: dict[Part, list[Item]], unseen: list[Item]
) -> None:
    """All names of the unseen slice are unseen, and no other item or document has one."""
    rng = random.Random(1)
    documents = " ".join(sample_document(rng) for _ in range(500))

    trained = set(re.findall("[a-z]+", documents)) | list_words(parts["train"])

    assert list_words(unseen) <= UNSEEN_NAMES | {"id"}
    assert not trained & UNSEEN_NAMES
    assert {part_of(item.question) for item in unseen} == {"test"}
    assert unseen[0].id == "unseen-00000"


def test_questions_are_made_of_keywords_names_and_numbers(parts: dict[Part, list[Item]]) -> None:
    """KEYWORDS lists every fixed word, and none of them can be mistaken for a name."""
    spoken = {word for item in parts["test"] for word in re.findall(r"[^\W\d]+", item.question)}

    assert spoken <= NAMES | set(KEYWORDS)
    assert not set(KEYWORDS) & (NAMES | UNSEEN_NAMES)


def test_a_question_names_what_its_answer_needs(parts: dict[Part, list[Item]]) -> None:
    """Every name, value and number of an answer stands in the question, but for keys and flags."""
    for item in parts["test"]:
        needed = set(re.findall(r"[a-z]+|\d+", item.answer)) - {"id", "0", "1"}

        assert needed <= set(re.findall(r"[a-z]+|\d+", item.question)), item.id


def test_a_document_is_a_schema_of_the_training_part_and_a_query() -> None:
    """Documents hold tables of the training part, no question, and a query that runs on them."""
    rng = random.Random(2)

    for context, query in (sample_document(rng).split("\n") for _ in range(200)):
        tables = [f"{name}({', '.join(sorted(fields.split(', ')))})" for name, fields in TABLE.findall(context)]
        assert {part_of(table) for table in tables} == {"train"}
        with closing(sqlite3.connect(":memory:")) as database:
            database.executescript(context)
            database.execute(query)


def test_gold_answers_have_rows_that_mean_something(parts: dict[Part, list[Item]], unseen: list[Item]) -> None:
    """On every database the gold answer returns a value that is neither zero nor NULL."""
    for item in (*parts["test"][:180], *parts["train"][:90], *unseen[:90]):
        scripts = trials(item)

        assert len(set(scripts)) == 3
        assert all(any(map(any, run_query(item, script))) for script in scripts), item.answer


def test_what_an_answer_sorts_by_has_no_ties(parts: dict[Part, list[Item]]) -> None:
    """The order of rows is decided by the query alone."""
    sorting = {"order-ascending", "order-descending", "top", "bottom"}
    filled = [(item, script) for item in parts["test"] if item.form in sorting for script in trials(item)]

    for item, script in filled:
        key = re.search(r"ORDER BY (\w+)", item.answer)
        assert key
        query = re.sub(r"SELECT \w+ (FROM \w+).*", rf"SELECT COUNT(*) - COUNT(DISTINCT {key[1]}) \1", item.answer)
        with closing(sqlite3.connect(":memory:")) as database:
            database.executescript(item.context + "".join(script))
            assert database.execute(query).fetchone() == (0,)


def test_an_answer_that_never_has_rows_gets_no_database() -> None:
    """Filling gives up with an error when the answer returns nothing on any database."""
    item = Item(
        id="test-1",
        form="where-greater",
        group="0",
        question="",
        context="CREATE TABLE toy (id INTEGER, price REAL);",
        answer="SELECT price FROM toy WHERE price > 9 AND price < 3",
    )

    with pytest.raises(ValueError, match="no database found"):
        trials(item)
