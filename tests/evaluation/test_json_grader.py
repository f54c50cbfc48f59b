"""The JSON grader: one value whatever its key order, strict JSON only, and a verdict for everything."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from expertkit.data.items import Item
from expertkit.data.json_documents import generate
from expertkit.evaluation.graders.json_documents import JsonGrader, same_value

SCHEMA = {
    "type": "object",
    "properties": {"brand": {"type": "string"}, "price": {"type": "integer"}, "sold": {"type": "boolean"}},
    "required": ["brand", "price"],
}
ITEM = Item(
    id="test-00000",
    form="two-fields",
    group="0" * 16,
    question="write a product with brand cobalt and price 1",
    context=json.dumps(SCHEMA),
    answer='{"brand": "cobalt", "price": 1}',
)


def verdict(answer: str, item: Item = ITEM) -> tuple[bool, bool, str]:
    """Whether an answer is equal and valid, and what is wrong with it."""
    grade = JsonGrader().grade(item, answer)
    return grade.scores["equal"], grade.scores["valid"], grade.problem or ""


@pytest.mark.parametrize(
    "answer",
    [
        '{"brand": "cobalt", "price": 1}',
        '{"price": 1, "brand": "cobalt"}',
        ' {\n"brand":"cobalt",\t"price":1}\n',
        '{"brand": "cobalt", "price": 1.0}',
        '{"br\\u0061nd": "cobalt", "price": 1e0}',
    ],
)
def test_the_same_value_is_right(answer: str) -> None:
    """Order of keys, white space and spelling of a number or letter do not matter."""
    assert verdict(answer) == (True, True, "")


def test_every_gold_answer_is_right_and_fast() -> None:
    """700 generated gold answers pass both metrics, in less than two seconds of work."""
    items = list(generate("test", count=700, seed=2))
    grader, begin = JsonGrader(), time.process_time()

    grades = [grader.grade(item, item.answer) for item in items]

    assert all(grade.scores == {"equal": True, "valid": True} and grade.problem is None for grade in grades)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("", "no JSON"),
        ("cobalt", "no JSON"),
        ('{"brand": "cobalt", "price": 1', "no JSON"),
        ('{"brand": "cobalt", "price": 1,}', "no JSON"),
        ("{'brand': 'cobalt', 'price': 1}", "no JSON"),
        ('{"brand": "cobalt", "price": 1} done', "Extra data"),
        ('{"brand": "cobalt", "price": 1}{}', "Extra data"),
        ('{"brand": "cobalt", "brand": "cobalt", "price": 1}', "'brand' stands more than once"),
        ('{"brand": "cobalt", "price": NaN}', "NaN is no JSON value"),
        ('{"brand": "cobalt", "price": -Infinity}', "-Infinity is no JSON value"),
        ('{"brand": "cobalt", "price": 1e999}', "out of range"),
        ('\ufeff{"brand": "cobalt", "price": 1}', "no JSON"),
        ('{"brand": "co\nbalt", "price": 1}', "no JSON"),
        ("[" * 3000, "too deep"),
        ('{"a":' * 500 + "1" + "}" * 500, "too deep"),
        ("1" * 5000, "too long"),
        ("\ud800", "no JSON"),
        ('{"brand": "\\ud800", "price": 1}', "surrogates not allowed"),
    ],
)
def test_what_is_not_strict_json_is_refused(answer: str, problem: str) -> None:
    """Malformed, ambiguous and oversized answers fail both metrics, with a reason."""
    equal, valid, reason = verdict(answer)

    assert (equal, valid) == (False, False)
    assert problem in reason


def test_a_number_that_no_float_holds_is_not_under_the_schema() -> None:
    """JSON has numbers of any size; dividing by them is no reason to stop an evaluation."""
    item = replace(ITEM, context='{"properties": {"price": {"multipleOf": 0.5}}}')

    assert verdict(json.dumps({"price": 10**400}), item) == (
        False, False, "not under the schema: a number is out of range",
    )  # fmt: skip


def test_another_value_may_be_valid() -> None:
    """A wrong value that the schema allows is valid but not equal."""
    equal, valid, problem = verdict('{"brand": "cobalt", "price": 2}')

    assert (equal, valid) == (False, True)
    assert 'expected {"brand": "cobalt", "price": 1}, got {"brand": "cobalt", "price": 2}' in problem


@pytest.mark.parametrize(
    "answer",
    ['{"brand": "cobalt"}', '{"brand": 7, "price": 1}', '["cobalt", 1]', "null", '{"brand": "cobalt", "price": true}'],
)
def test_a_broken_document_is_neither(answer: str) -> None:
    """A document that the schema forbids is neither equal nor valid, and the reason names the schema."""
    equal, valid, problem = verdict(answer)

    assert (equal, valid) == (False, False)
    assert problem.startswith("not under the schema, $")


def test_an_equal_value_may_break_a_stricter_schema() -> None:
    """Validity is judged by the context, not by gold."""
    strict = replace(ITEM, context='{"required": ["owner"]}')

    assert verdict(ITEM.answer, strict)[:2] == (True, False)


def test_an_extra_key_is_wrong() -> None:
    """A key that nobody asked for makes the value another one."""
    assert verdict('{"brand": "cobalt", "price": 1, "sold": true}')[:2] == (False, True)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (True, 1, False),
        (0, False, False),
        ([True], [1], False),
        (1, 1.0, True),
        (1, "1", False),
        (None, False, False),
        (None, None, True),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        ({"a": [1]}, {"a": [1.0]}, True),
        ({"a": None}, {}, False),
        ({}, [], False),
        (2**53, float(2**53), True),
        (2**53 + 1, float(2**53), False),
    ],
)
def test_values_compare_as_json(first: object, second: object, *, same: bool) -> None:
    """True is not 1, 1 is 1.0, arrays have an order and objects have none."""
    assert same_value(first, second) is same
    assert same_value(second, first) is same


def test_without_a_schema_the_value_alone_counts() -> None:
    """Data of one's own may have none: strict JSON is valid then."""
    item = replace(ITEM, context="", answer='{"a": 1}')

    assert verdict('{"a": 1.0}', item)[:2] == (True, True)
    assert verdict('{"a": 2}', item)[:2] == (False, True)
    assert verdict("{", item)[:2] == (False, False)


@pytest.mark.parametrize(
    "context", ["[]", '{"type": "thing"}', '{"$ref": "#"}', '{"$ref": "http://example.invalid/schema"}']
)
def test_a_bad_context_is_not_the_answers_fault(context: str) -> None:
    """A context that is no usable schema is the caller's mistake, and nothing is fetched for it."""
    with pytest.raises(ValueError, match="context of item 'test-00000' is no JSON Schema"):
        JsonGrader().grade(replace(ITEM, context=context), ITEM.answer)


def test_a_bad_gold_answer_is_not_the_answers_fault() -> None:
    """An item whose own answer is no JSON is the caller's mistake."""
    with pytest.raises(ValueError, match="gold answer of item 'test-00000'"):
        JsonGrader().grade(replace(ITEM, answer="cobalt"), "cobalt")


def test_problems_can_be_written_as_utf8() -> None:
    """A lone surrogate in an answer does not reach the text of the problem."""
    for answer in ('{"brand": "\\ud800", "price": 1}', '{"\\ud800": 1, "\\ud800": 2}', '{"price": "\\ud800"}'):
        assert verdict(answer)[2].encode()
