"""The Cypher domain: what its items and its graphs promise."""

from __future__ import annotations

import hashlib
import itertools
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import TypeAlias

import pytest

from expertkit.data import words
from expertkit.data.cypher import FORMS, KEYWORDS, generate, sample_document, sample_rewording, trials
from expertkit.data.cypher.engine import GraphDatabase, Row
from expertkit.data.cypher.forms import FORM_TABLE
from expertkit.data.cypher.names import RELATIONS, UNSEEN_RELATIONS
from expertkit.data.cypher.tables import declare_tables, read_context
from expertkit.data.items import Item
from expertkit.data.split import PARTS, Part, part_of
from expertkit.data.wording import plain_wording

COUNTS: dict[Part, int] = {"train": 3000, "dev": 300, "test": 500}
NAMES = frozenset(
    itertools.chain(words.ENTITIES, words.NUMBER_FIELDS, words.TEXT_FIELDS, words.FLAG_FIELDS, words.VALUES, RELATIONS)
)
UNSEEN_NAMES = frozenset(
    (*(word for name, group in vars(words).items() if name.startswith("UNSEEN_") for word in group), *UNSEEN_RELATIONS)
)
NODE = re.compile(r"\(:(\w+) \{([^}]*)\}\)")
Graphs: TypeAlias = list[tuple[Item, tuple[tuple[str, ...], ...]]]


@pytest.fixture(scope="module")
def parts() -> dict[Part, list[Item]]:
    """Items of every part, as many as a run of the pipeline has."""
    return {part: list(generate(part, count=count, seed=1)) for part, count in COUNTS.items()}


@pytest.fixture(scope="module")
def unseen() -> list[Item]:
    """Items about names that training never sees."""
    return list(generate("test", count=300, seed=1, unseen=True))


@pytest.fixture(scope="module")
def graphs(parts: dict[Part, list[Item]], unseen: list[Item]) -> Graphs:
    """Items of every form, four of each, with their graphs."""
    items = (*parts["test"][: 2 * len(FORMS)], *parts["train"][: len(FORMS)], *unseen[: len(FORMS)])
    return [(item, trials(item)) for item in items]


def list_nodes(items: Iterable[Item]) -> set[str]:
    """The canonical texts of all nodes, made here from the contexts alone."""
    return {
        f"{label} {{{', '.join(sorted(properties.split(', ')))}}}"
        for item in items
        for label, properties in NODE.findall(item.context)
    }


def list_words(items: Iterable[Item]) -> set[str]:
    """Every lower-case word of the contexts and answers but for variables."""
    text = " ".join(f"{item.context} {item.answer}" for item in items)
    return set(re.findall("[a-z]{2,}", text)) - {"true"}


@contextmanager
def open_graph(script: Sequence[str]) -> Iterator[Callable[[str], list[Row]]]:
    """What gives the rows of a query on the graph."""
    with closing(GraphDatabase(script)) as database:
        database.fill(script)
        yield partial(database.read, most_rows=1000)


@pytest.mark.parametrize("part", PARTS)
def test_questions_and_nodes_obey_the_rule_of_their_part(parts: dict[Part, list[Item]], part: Part) -> None:
    """Every question and the canonical text of every node belong to the part."""
    assert {part_of(item.question) for item in parts[part]} == {part}
    assert {part_of(node) for node in list_nodes(parts[part])} == {part}


def test_parts_share_no_question_and_no_node(parts: dict[Part, list[Item]]) -> None:
    """Questions are unique, and no two parts have a node with the same properties, hence no schema in common."""
    items = [item for part in PARTS for item in parts[part]]

    nodes = [list_nodes(parts[part]) for part in PARTS]

    assert len({item.question for item in items}) == len(items)
    assert len(set.union(*nodes)) == sum(map(len, nodes))
    assert len({item.group for item in items}) == sum(len({item.group for item in parts[part]}) for part in PARTS)


def test_a_group_names_a_schema() -> None:
    """Whatever the order of properties, the same nodes and relations are one group."""
    item = next(item for item in generate("test", count=len(FORMS), seed=1) if item.form == "loop-in")
    found = re.fullmatch(r"\(:(\w+) \{([^}]*)\}\)-\[:(\w+)( \{\w+: \w+\})?\]->\(:\1\)", item.context)

    assert found
    label, properties, type_, property_ = found.groups("")
    node = f"{label} {{{', '.join(sorted(properties.split(', ')))}}}"

    text = "\n".join(sorted((node, f"{label} {type_}{property_} {label}")))

    assert item.group == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_made_up_names_are_for_training_only(parts: dict[Part, list[Item]]) -> None:
    """A fifth of the training items holds names that are no words; the other parts hold none."""
    shares = {part: sum(not list_words([item]) <= NAMES for item in parts[part]) / COUNTS[part] for part in PARTS}

    assert shares["train"] == pytest.approx(0.2, abs=0.03)
    assert shares["dev"] == shares["test"] == 0


def test_unseen_items_hold_only_names_that_training_never_sees(
    parts: dict[Part, list[Item]], unseen: list[Item]
) -> None:
    """All names of the unseen slice are unseen, and no other item or document has one."""
    rng = random.Random(1)
    documents = " ".join(sample_document(rng) for _ in range(500))

    trained = set(re.findall("[a-z]+", documents)) | list_words(parts["train"])

    assert list_words(unseen) <= UNSEEN_NAMES
    assert not trained & UNSEEN_NAMES
    assert {part_of(item.question) for item in unseen} == {"test"}
    assert unseen[0].id == "unseen-00000"


def test_questions_are_made_of_keywords_names_and_numbers(parts: dict[Part, list[Item]]) -> None:
    """KEYWORDS lists every fixed word, and none of them can be mistaken for a name."""
    spoken = {word for item in parts["test"] for word in re.findall(r"[^\W\d]+", item.question)}

    assert spoken <= NAMES | set(KEYWORDS)
    assert not set(KEYWORDS) & (NAMES | UNSEEN_NAMES)


def test_a_question_names_what_its_answer_needs(parts: dict[Part, list[Item]]) -> None:
    """Every name, value and number of an answer stands in the question as it does in the schema."""
    for item in parts["test"]:
        needed = set(re.findall(r"[a-z]{2,}|\d+", item.answer)) - {"true", "1"}

        assert needed <= set(re.findall(r"[a-z]+|\d+", item.question)), item.id


def test_names_within_a_schema_are_different(parts: dict[Part, list[Item]]) -> None:
    """A property's name tells its node, and no label, type and property are called the same."""
    for item in parts["train"]:
        names = re.findall("[a-z]+", item.context)
        label = re.match(r"\(:(\w+)", item.context)
        assert label

        assert len(set(names)) == len(names) - item.context.endswith(f"(:{label[1]})"), item.context


def test_items_are_short(parts: dict[Part, list[Item]], unseen: list[Item]) -> None:
    """Small models read and write them: names and types, and no more than a few dozen words."""
    items = [item for part in PARTS for item in parts[part]] + unseen

    longest = {
        field: max(len(re.findall(r"\w+", getattr(item, field))) for item in items)
        for field in ("question", "context", "answer")
    }

    assert longest["question"] <= 25
    assert longest["context"] <= 25
    assert longest["answer"] <= 20


def test_a_document_is_a_schema_of_the_training_part_and_a_query() -> None:
    """Documents hold nodes of the training part, no question, and a query that runs on them."""
    rng = random.Random(2)

    for context, query in (sample_document(rng).split("\n") for _ in range(60)):
        nodes = [f"{label} {{{', '.join(sorted(found.split(', ')))}}}" for label, found in NODE.findall(context)]
        assert {part_of(node) for node in nodes} == {"train"}
        with open_graph(declare_tables(read_context(context))) as read:
            assert len(read(query)) <= 1


def test_a_rewording_says_a_question_in_the_one_wording_of_its_form() -> None:
    """Both wordings are of the training part and about the same names; there is no answer in them."""
    rng = random.Random(3)
    plain = [plain_wording(form.questions) for form in FORM_TABLE]
    shapes = [re.compile(r"\w+".join(map(re.escape, re.split(r"\{\w+\}", wording)))) for wording in plain]

    pairs = [sample_rewording(rng) for _ in range(300)]

    for worded, said in pairs:
        assert part_of(worded) == part_of(said) == "train"
        assert any(shape.fullmatch(said) for shape in shapes), said
        assert set(re.findall(r"\w+", said)) <= set(re.findall(r"\w+", worded)) | set(KEYWORDS)
    assert sum(worded != said for worded, said in pairs) > 200


def test_gold_answers_have_rows_that_mean_something(graphs: Graphs) -> None:
    """On every graph the gold answer returns a value that is neither zero nor NULL, and the graphs differ."""
    for item, scripts in graphs:
        assert len(set(scripts)) == 3
        with closing(GraphDatabase(scripts[0])) as database:
            for script in scripts:
                database.fill(script)
                assert any(map(any, database.read(item.answer, most_rows=100))), item.answer


@pytest.mark.parametrize("form", ["order-ascending", "order-descending", "top", "relation-top"])
def test_what_an_answer_sorts_by_has_no_ties(graphs: Graphs, form: str) -> None:
    """The order of rows is decided by the query alone, and so is where they are cut."""
    sorted_ = [(item, script) for item, scripts in graphs if item.form == form for script in scripts]

    for item, script in sorted_:
        pattern, _, rest = item.answer.partition(" RETURN ")
        key = rest.split("ORDER BY ")[1].split()[0]
        with open_graph(script) as read:
            ((keys, rows),) = read(f"{pattern} RETURN COUNT(DISTINCT {key}), COUNT(*)")
            assert keys == rows > 5
    assert len(sorted_) == 12


def test_the_most_common_value_is_one(graphs: Graphs) -> None:
    """No other group is as large as the largest."""
    for item, scripts in graphs:
        if item.form == "group-top":
            for script in scripts:
                with open_graph(script) as read:
                    sizes = sorted(size for _, size in read(item.answer.partition(" ORDER BY")[0]))
                    assert sizes[-1] > sizes[-2]


def test_graphs_have_what_a_wrong_query_stumbles_over(graphs: Graphs) -> None:
    """A node with many relations, nodes without any on either side, and none that leads to itself."""
    for item, (script, *_) in graphs:
        for source, type_, _, target in read_context(item.context).relations:
            path = f"(a:{source})-[:{type_}]->(b:{target})"
            with open_graph(script) as read:
                degrees = sorted(row[0] for row in read(f"MATCH {path} WITH a, COUNT(*) AS n RETURN n"))
                alone = read(f"MATCH (a:{source}) WHERE NOT EXISTS {{ MATCH {path} }} RETURN a.id")
                unmet = read(f"MATCH (b:{target}) WHERE NOT EXISTS {{ MATCH {path} }} RETURN b.id")
                loops = read(f"MATCH {path} WHERE ID(a) = ID(b) RETURN a.id")

            assert degrees[-1] > max(degrees[-2], 2)
            assert alone
            assert unmet
            assert not loops


def test_an_answer_that_never_has_rows_gets_no_graph() -> None:
    """Filling gives up with an error when the answer returns nothing on any graph."""
    item = Item(
        id="test-1",
        form="where-greater",
        group="0",
        question="",
        context="(:toy {price: INTEGER})-[:sold]->(:car {color: STRING})",
        answer="MATCH (a:toy) WHERE a.price > 9 AND a.price < 3 RETURN a.price",
    )

    with pytest.raises(ValueError, match="no graph found"):
        trials(item)
