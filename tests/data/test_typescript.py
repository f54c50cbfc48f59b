"""The TypeScript domain: what its items and its calls promise."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import re
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from expertkit.data import words
from expertkit.data.items import Item
from expertkit.data.split import PARTS, Part, part_of
from expertkit.data.typescript import FORMS, KEYWORDS, generate, sample_document, sample_rewording, trials
from expertkit.data.typescript.forms import FORM_TABLE, plain_question
from expertkit.data.typescript.functions import list_rivals, read_function
from expertkit.data.typescript.interfaces import canonical_text, read_interface

COUNTS: dict[Part, int] = {"train": 3000, "dev": 300, "test": 500}
NAMES = frozenset(
    itertools.chain(
        words.ENTITIES, words.NUMBER_FIELDS, words.TEXT_FIELDS, words.FLAG_FIELDS, words.LIST_FIELDS, words.VALUES
    )
)
UNSEEN_NAMES = frozenset(word for name, group in vars(words).items() if name.startswith("UNSEEN_") for word in group)
INTERFACE = re.compile(r"interface (\w+) \{ (.*) \}")


@pytest.fixture(scope="module")
def parts() -> dict[Part, list[Item]]:
    """Items of every part, as many as a run of the pipeline has."""
    return {part: list(generate(part, count=count, seed=1)) for part, count in COUNTS.items()}


@pytest.fixture(scope="module")
def unseen() -> list[Item]:
    """Items about names that training never sees."""
    return list(generate("test", count=300, seed=1, unseen=True))


def list_interfaces(items: Iterable[Item]) -> set[str]:
    """The canonical texts of all interfaces, made here from the contexts alone."""
    found = [match for item in items if (match := INTERFACE.match(item.context))]
    return {f"{match[1]} {{ {'; '.join(sorted(match[2].split('; ')))} }}" for match in found}


def list_names(items: Iterable[Item]) -> set[str]:
    """The names of interfaces and fields, in lower case, and every quoted value."""
    found: set[str] = set()
    for item in items:
        interface = read_interface(item.context)
        found |= {interface.entity, *(field.name for field in interface.fields), *re.findall(r'"(\w+)"', item.answer)}
    return found


def read_calls(item: Item) -> list[dict[str, Any]]:
    """The calls of an item, of all scripts."""
    return [json.loads(call) for script in trials(item) for call in script]


def make_item(*, form: str, answer: str) -> Item:
    """An item of that form about three fields."""
    return Item(
        id="test-1",
        form=form,
        group="0",
        question="",
        context="interface Toy { price: number; label: string; weight: number }\nfunction pick(rows: Toy[]): number",
        answer=answer,
    )


@pytest.mark.parametrize("part", PARTS)
def test_questions_and_interfaces_obey_the_rule_of_their_part(parts: dict[Part, list[Item]], part: Part) -> None:
    """Every question and the canonical text of every interface belong to the part."""
    assert {part_of(item.question) for item in parts[part]} == {part}
    assert {part_of(interface) for interface in list_interfaces(parts[part])} == {part}


def test_parts_share_no_question_and_no_interface(parts: dict[Part, list[Item]]) -> None:
    """Questions are unique, and no two parts have an interface with the same fields."""
    items = [item for part in PARTS for item in parts[part]]

    interfaces = [list_interfaces(parts[part]) for part in PARTS]

    assert len({item.question for item in items}) == len(items)
    assert len(set.union(*interfaces)) == sum(map(len, interfaces))


def test_items_of_one_group_have_the_same_interface(parts: dict[Part, list[Item]]) -> None:
    """A group names an interface, whatever the order of its fields."""
    for item in parts["test"]:
        (text,) = list_interfaces([item])

        assert item.group == hashlib.sha256(text.encode()).hexdigest()[:16]
        assert canonical_text(read_interface(item.context)) == text


def test_made_up_names_are_for_training_only(parts: dict[Part, list[Item]]) -> None:
    """A fifth of the training items holds names that are no words; the other parts hold none."""
    shares = {part: sum(not list_names([item]) <= NAMES for item in parts[part]) / COUNTS[part] for part in PARTS}

    assert shares["train"] == pytest.approx(0.2, abs=0.03)
    assert shares["dev"] == shares["test"] == 0


def test_unseen_items_hold_only_names_that_training_never_sees(
    parts: dict[Part, list[Item]], unseen: list[Item]
) -> None:
    """All names of the unseen slice are unseen, and no other item or document has one."""
    rng = random.Random(1)
    documents = " ".join(sample_document(rng) for _ in range(500))

    trained = set(re.findall("[a-z]+", documents.lower())) | list_names(parts["train"])

    assert list_names(unseen) <= UNSEEN_NAMES
    assert not trained & UNSEEN_NAMES
    assert {part_of(item.question) for item in unseen} == {"test"}
    assert unseen[0].id == "unseen-00000"


def test_questions_are_made_of_keywords_names_and_numbers(parts: dict[Part, list[Item]]) -> None:
    """KEYWORDS lists every fixed word, and none of them can be mistaken for a name."""
    spoken = {word for item in parts["test"] for word in re.findall(r"[^\W\d]+", item.question)}

    assert spoken <= NAMES | set(KEYWORDS)
    assert not set(KEYWORDS) & (NAMES | UNSEEN_NAMES)


def test_a_question_names_what_its_answer_needs(parts: dict[Part, list[Item]]) -> None:
    """Every field, value and number that an answer holds stands in the question."""
    for item in parts["test"]:
        needed = {str(said) for said in read_function(item).slots.values()}

        assert needed
        assert needed <= set(re.findall(r"[a-z]+|\d+", item.question)), item.id


def test_items_are_short(parts: dict[Part, list[Item]]) -> None:
    """A small model reads and writes little more than for SQL: answers stay under 30 words, all under 200 signs."""
    items = parts["train"]

    assert max(len(item.answer.split()) for item in items) < 30
    assert max(len(text) for item in items for text in (item.question, item.context, item.answer)) < 200
    assert statistics.mean(len(item.answer) for item in items) < 80


def test_a_plain_question_is_the_one_of_its_form() -> None:
    """However a question is worded, its plain wording is one of as many as there are forms."""
    rng = random.Random(4)
    pairs = [sample_rewording(rng) for _ in range(1000)]
    patterns = [re.compile(re.sub(r"\\\$\w+", r"\\w+", re.escape(plain_question(form)))) for form in FORM_TABLE]

    met = {number for _, plain in pairs for number, pattern in enumerate(patterns) if pattern.fullmatch(plain)}

    assert met == set(range(len(FORMS)))
    assert all(any(pattern.fullmatch(plain) for pattern in patterns) for _, plain in pairs)
    assert {part_of(text) for pair in pairs for text in pair} == {"train"}
    assert sum(worded != plain for worded, plain in pairs) > 0.8 * len(pairs)


def test_a_document_is_an_interface_of_the_training_part_and_a_whole_function() -> None:
    """Documents hold interfaces of the training part, no question, and a signature with its body in braces."""
    rng = random.Random(2)

    for document in (sample_document(rng) for _ in range(200)):
        declared, function = document.split("\n", 1)
        item = Item(id="", form="", group="", question="", context=f"{declared}\n", answer="")
        assert part_of(canonical_text(read_interface(item.context))) == "train"
        assert re.fullmatch(r"function \w+\(rows?: \w+(?:\[\])?\): .+ \{\n(?:return|const) .+;\n\}", function)


def test_every_item_has_three_scripts_of_two_calls(parts: dict[Part, list[Item]], unseen: list[Item]) -> None:
    """One on a full argument, one on a bare one: nothing, a single row, or negative numbers only."""
    for item in (*parts["test"][:132], *unseen[:88]):
        scripts = trials(item)
        bare = [json.loads(second)["argument"] for _, second in scripts]

        assert len(set(scripts)) == 3
        assert [len(script) for script in scripts] == [2, 2, 2]
        sizes = [len(argument) for argument in bare] if isinstance(bare[0], list) else _list_sizes(bare)
        assert sizes == [0, 1, 3]


def _list_sizes(rows: Sequence[dict[str, Any]]) -> list[int]:
    """How long the lists of single rows are, all of one row alike."""
    sizes = [{len(value) for value in row.values() if isinstance(value, list)} for row in rows]
    assert all(len(found) == 1 for found in sizes)
    return [found.pop() for found in sizes]


def test_rows_are_what_their_interface_says(parts: dict[Part, list[Item]]) -> None:
    """Every cell has its field's type; only a field that may be missing is, and some are."""
    types = {"number": (int, float), "text": str, "maybe": str, "flag": bool, "numbers": list, "texts": list}
    left_out = 0
    for item in parts["test"][:132]:
        fields = {field.name: field.kind for field in read_interface(item.context).fields}
        for argument in (call["argument"] for call in read_calls(item)):
            for row in argument if isinstance(argument, list) else [argument]:
                missing = set(fields) - set(row)
                assert {fields[name] for name in missing} <= {"maybe"}
                assert all(isinstance(value, types[fields[name]]) for name, value in row.items())
                left_out += len(missing)
    assert left_out > 100


def test_no_other_function_is_right_by_luck(parts: dict[Part, list[Item]], unseen: list[Item]) -> None:
    """Other fields, literals a little off and other forms of the same type differ on some call of the item."""
    tried = 0
    for item in (*parts["dev"][:88], *unseen[:88]):
        calls = read_calls(item)
        for rival in list_rivals(read_function(item), read_interface(item.context)):
            tried += 1
            assert any(rival(call["argument"]) != call.get("returns") for call in calls), (item.answer, rival)
    assert tried > 1000


def test_nothing_that_is_constant_is_right(parts: dict[Part, list[Item]]) -> None:
    """No item expects one result of every call, and none expects its argument back each time."""
    for item in parts["test"][:132]:
        calls = read_calls(item)

        assert len({json.dumps(call.get("returns")) for call in calls}) > 1
        assert any(call.get("returns") != call["argument"] for call in calls)


def test_sorting_meets_ties_and_numbers_of_several_lengths(parts: dict[Part, list[Item]]) -> None:
    """What is sorted by has equal values among the rows, and values whose order as texts is another one."""
    items = [item for item in parts["test"] if item.form in {"order-ascending", "order-descending", "top"}]

    for item in items:
        found = re.search(r"a\.(\w+)", item.answer)
        assert found
        columns = [[row[found[1]] for row in call["argument"]] for call in read_calls(item)]
        assert any(len(set(column)) < len(column) for column in columns)
        assert any(sorted(column) != sorted(column, key=str) for column in columns)


def test_what_a_question_leaves_open_does_not_occur(parts: dict[Part, list[Item]]) -> None:
    """The row with the highest value is one, and rows that are indexed by a field differ in it."""
    keyed = {form.name: form.keys for form in FORM_TABLE if form.keys}
    items = [item for item in parts["test"] if item.form in keyed]

    assert items
    for item in items:
        slots = read_function(item).slots
        for call in read_calls(item):
            for name in (slots[slot] for slot in keyed[item.form]):
                column = [row[name] for row in call["argument"]]
                assert len(set(column)) == len(column)


def test_yes_and_no_are_both_expected() -> None:
    """A question that is answered by true or false has calls for either."""
    items = [item for item in generate("test", count=440, seed=7) if item.form in {"some", "every"}]

    assert len(items) == 20
    assert all({call["returns"] for call in read_calls(item)} == {True, False} for item in items)


def test_an_answer_that_nothing_tells_from_others_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing gives up with an error when every call suits another function as well."""
    monkeypatch.setattr("expertkit.data.typescript.calls.draw_rows", lambda _rng, _fields, _needs: [])

    with pytest.raises(ValueError, match="no calls found"):
        trials(make_item(form="sum", answer="return rows.reduce((sum, row) => sum + row.price, 0);"))


def test_an_answer_of_another_form_is_an_error() -> None:
    """Slots are read from an answer only as its form writes it."""
    with pytest.raises(ValueError, match="no answer of the form 'sum'"):
        trials(make_item(form="sum", answer="return rows.length;"))
