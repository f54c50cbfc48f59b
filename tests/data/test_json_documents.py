"""The JSON domain: what it asks for is there to be had, and no part sees another's schemas or questions."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from expertkit.data import words
from expertkit.data.items import Item
from expertkit.data.json_documents import FORMS, KEYWORDS, generate, sample_document
from expertkit.data.split import PARTS, Part, part_of

SIZES: dict[Part, int] = {"train": 3000, "dev": 300, "test": 500}
UNSEEN = {word for name, listed in vars(words).items() if name.startswith("UNSEEN_") for word in listed}
SEEN = {word for name, listed in vars(words).items() if name.isupper() for word in listed} - UNSEEN


@cache
def items_of(part: Part, *, unseen: bool = False) -> tuple[Item, ...]:
    """The items of a part that all tests look at."""
    return tuple(generate(part, count=SIZES[part], seed=7, unseen=unseen))


def key_sets(schema: Any) -> Iterator[str]:
    """The keys of every object of a schema, or the choices of a list that has no keys, as the part rule sees them."""
    match schema:
        case {"properties": fields}:
            yield " ".join(sorted(fields))
            for field in fields.values():
                yield from key_sets(field)
        case {"items": {"enum": options}}:
            yield " ".join(sorted(options))
        case {"items": items}:
            yield from key_sets(items)


def is_valid(context: str, document: Any) -> bool:
    """Whether the schema in ``context`` allows the document."""
    return bool(Draft202012Validator(json.loads(context)).is_valid(document))


def names_in(item: Item) -> set[str]:
    """The lower-case words of an item that are neither of the language nor of JSON Schema."""
    return set(re.findall(r"[a-z]+", f"{item.question} {item.answer}")) - set(KEYWORDS)


@pytest.mark.parametrize("part", PARTS)
def test_every_answer_is_allowed_by_its_schema(part: Part) -> None:
    """Every context is a JSON Schema, and the answer is a compact document under it."""
    for item in items_of(part):
        Draft202012Validator.check_schema(json.loads(item.context))

        assert is_valid(item.context, json.loads(item.answer)), item
        assert json.dumps(json.loads(item.answer)) == item.answer


def test_a_missing_key_is_refused() -> None:
    """Nine documents in ten are refused by their schema once any one of their keys is gone."""
    damaged = [
        (item.context, {other: value for other, value in document.items() if other != key})
        for item in items_of("test")
        if isinstance(document := json.loads(item.answer), dict)
        for key in document
    ]

    refused = sum(not is_valid(context, document) for context, document in damaged)

    assert refused >= 0.9 * len(damaged)


def test_a_value_of_another_type_is_refused() -> None:
    """Nine documents in ten are refused by their schema once one value is of another type."""
    damaged: list[tuple[str, Any]] = []
    for item in items_of("test"):
        document = json.loads(item.answer)
        for key in document if isinstance(document, dict) else range(len(document)):
            changed = json.loads(item.answer)
            changed[key] = {"wrong": 1.5} if isinstance(document[key], str) else "wrong"
            damaged.append((item.context, changed))

    refused = sum(not is_valid(context, document) for context, document in damaged)

    assert refused >= 0.9 * len(damaged)


@pytest.mark.parametrize("part", PARTS)
def test_questions_and_schemas_obey_their_part(part: Part) -> None:
    """A question, and the keys of each object of its schema, belong to the part that they stand in."""
    for item in items_of(part):
        sets = list(key_sets(json.loads(item.context)))

        assert part_of(item.question) == part
        assert sets
        assert {part_of(keys) for keys in sets} == {part}, item


def test_parts_share_nothing() -> None:
    """No question, no schema and no group stands in two parts, and no question twice in one."""
    everything = [items_of(part) for part in PARTS]

    for kind in ("question", "context", "group"):
        values = [{getattr(item, kind) for item in items} for items in everything]
        assert len(set.union(*values)) == sum(map(len, values)), kind
    assert len({item.question for items in everything for item in items}) == sum(SIZES.values())


def test_groups_tell_schemas_apart_by_names_alone() -> None:
    """Items whose schemas differ in fixed values and limits only are in one group."""
    by_group: dict[str, set[str]] = {}
    for item in items_of("train"):
        by_group.setdefault(item.group, set()).add(" / ".join(sorted(key_sets(json.loads(item.context)))))

    assert all(len(names) == 1 for names in by_group.values())
    assert len(by_group) > 1000


def test_dev_and_test_use_known_words_only() -> None:
    """Questions and answers of dev and test are made of the known words."""
    for item in (*items_of("dev"), *items_of("test")):
        assert names_in(item) <= SEEN, item


def test_unseen_names_stand_in_the_unseen_slice_only() -> None:
    """The unseen slice names nothing known, and training text holds no unseen name."""
    unseen = items_of("test", unseen=True)

    assert all(names_in(item) <= UNSEEN for item in unseen)
    assert [item.id for item in unseen[:2]] == ["unseen-00000", "unseen-00001"]
    assert all(part_of(item.question) == "test" for item in unseen)
    assert not any(names_in(item) & UNSEEN for item in items_of("train"))


def test_unseen_names_suffice_for_every_part() -> None:
    """Every form finds key sets of the rarest part among the few unseen names."""
    items = list(generate("dev", count=2 * len(FORMS), seed=1, unseen=True))

    assert {item.form for item in items} == set(FORMS)


def test_a_fifth_of_training_uses_made_up_names() -> None:
    """About one training item in five holds names that are in no list."""
    made_up = sum(bool(names_in(item) - SEEN) for item in items_of("train"))

    assert 0.15 < made_up / SIZES["train"] < 0.25


def test_documents_are_of_the_train_part() -> None:
    """A sampled document is a schema of the train part and an answer that it allows."""
    rng = random.Random(5)

    for _ in range(300):
        context, answer = sample_document(rng).split("\n")
        assert is_valid(context, json.loads(answer))
        assert {part_of(keys) for keys in key_sets(json.loads(context))} == {"train"}
        assert not set(re.findall(r"[a-z]+", context + answer)) & UNSEEN


def test_items_stay_short() -> None:
    """Items of known words have a median of at most 80 and a maximum of at most 110 pieces of text."""
    piece = re.compile(r"[A-Za-z]+|\d{1,2}| +(?=[a-z])|[^A-Za-z0-9]+")

    lengths = sorted(len(piece.findall(f"{item.question} {item.context} {item.answer}")) for item in items_of("test"))

    assert lengths[len(lengths) // 2] <= 80
    assert lengths[-1] <= 110


@pytest.mark.parametrize(
    ("form", "holds"),
    [
        ("null", lambda document: None in document.values()),
        ("empty-list", lambda document: [] in document.values()),
        ("flag-true", lambda document: True in document.values()),
        ("flag-false", lambda document: any(value is False for value in document.values())),
        ("number-as-text", lambda document: any(str(value) == value for value in document.values())),
        ("decimal", lambda document: any(isinstance(value, float) for value in document.values())),
        ("same-value", lambda document: len(set(document.values())) == 2),
        ("limits", lambda document: document["min"] < document["max"]),
        ("equal-objects", lambda document: document[0] == document[1]),
        ("three-objects", lambda document: len(document) == 3),
        ("day-and-month", lambda document: document["month"] <= 12),
    ],
)
def test_forms_ask_for_what_they_are_named_after(form: str, holds: Any) -> None:
    """The answers of a form show what its name says."""
    documents = [json.loads(item.answer) for item in items_of("train") if item.form == form]

    assert documents
    assert all(map(holds, documents))


@pytest.mark.parametrize(
    ("form", "literal"),
    [
        ("fixed", lambda fields: next(field["const"] for field in fields if "const" in field)),
        ("first-choice", lambda fields: next(field["enum"][0] for field in fields if "enum" in field)),
        ("last-choice", lambda fields: next(field["enum"][-1] for field in fields if "enum" in field)),
        ("lowest", lambda fields: next(field["minimum"] for field in fields if "minimum" in field)),
        ("highest", lambda fields: next(field["maximum"] for field in fields if "maximum" in field)),
    ],
)
def test_some_answers_stand_in_the_schema_alone(form: str, literal: Any) -> None:
    """A fixed, first, last, lowest or highest value is the schema's, and the question does not say it."""
    for item in (item for item in items_of("train") if item.form == form):
        value = literal(json.loads(item.context)["properties"].values())

        assert value in json.loads(item.answer).values()
        assert str(value) not in item.question.split()


def test_the_default_is_the_schemas() -> None:
    """A property asked for by default takes the schema's value, its neighbour the question's."""
    for item in (item for item in items_of("test") if item.form == "default"):
        fields, document = json.loads(item.context)["properties"], json.loads(item.answer)
        texts = [(field["default"], document[name]) for name, field in fields.items() if "default" in field]

        kept = [value for default, value in texts if value == default]
        said = [value for default, value in texts if value != default]

        assert len(kept) == len(said) == 1
        assert said[0] in item.question
        assert kept[0] not in item.question.split()


def test_keywords_cover_the_questions() -> None:
    """Every word of a question is a keyword or one of the listed words."""
    for item in items_of("test"):
        assert set(re.findall(r"[a-z]+", item.question)) <= SEEN | set(KEYWORDS), item
