"""Drawing items and documents: a form, a schema that it can ask about, and the slots filled."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from expertkit.data.drawing import MADE_UP_DOCUMENTS, MADE_UP_ITEMS, Questions, draw_rewording
from expertkit.data.items import Item
from expertkit.data.split import Part
from expertkit.data.sql.forms import FORM_TABLE, Form, phrase_question, plain_question
from expertkit.data.sql.names import KNOWN, MADE_UP, UNSEEN, Vocabulary, draw_name
from expertkit.data.sql.schema import Kind, Table, digest_tables, draw_table, write_ddl

_SECOND_TABLE = 0.2  # how often a question about one table comes with another one
_SHORT_BOUNDS = 0.8  # numbers of one token; the others have two
_NUMBER_OR_TEXT: tuple[Kind, ...] = ("number", "text")  # asking for the flags themselves reads badly
_KINDS: dict[str, tuple[Kind, ...]] = {"num": ("number",), "text": ("text",), "flag": ("flag",), "col": _NUMBER_OR_TEXT}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A schema, and what stands in the slots of a form."""

    tables: tuple[Table, ...]
    slots: dict[str, object]


def generate(part: Part, *, count: int, seed: int, unseen: bool = False) -> Iterator[Item]:
    """Items of a part, as ``Questions.draw`` gives them; every table belongs to the part as well."""
    rotation = Questions(domain="sql", forms=FORM_TABLE, ask=_draw_question, make=_make_item)
    return rotation.draw(part, count=count, seed=seed, unseen=unseen)


def sample_document(rng: random.Random) -> str:
    """A schema of the train part and a query on it, as plain text for pretraining."""
    form = rng.choice(FORM_TABLE)
    draft = _draw_draft(rng, form, part="train", vocabulary=_draw_vocabulary(rng, MADE_UP_DOCUMENTS))
    return f"{write_ddl(draft.tables)}\n{form.answer.format_map(draft.slots)}"


def sample_rewording(rng: random.Random) -> tuple[str, str]:
    """A question of the train part, in any wording and in the plain one of its form; no answer."""
    form = rng.choice(FORM_TABLE)
    vocabulary = _draw_vocabulary(rng, MADE_UP_ITEMS)

    def draw() -> tuple[str, str]:
        slots = _draw_draft(rng, form, part="train", vocabulary=vocabulary).slots
        return phrase_question(form, rng).format_map(slots), plain_question(form).format_map(slots)

    return draw_rewording(draw)


def _draw_question(rng: random.Random, form: Form, part: Part, made_up: float | None) -> tuple[str, _Draft]:
    """A question with its draft; ``made_up`` is None where all names are unseen ones."""
    vocabulary = UNSEEN if made_up is None else _draw_vocabulary(rng, made_up)
    draft = _draw_draft(rng, form, part=part, vocabulary=vocabulary)
    return phrase_question(form, rng).format_map(draft.slots), draft


def _make_item(id_: str, form: Form, question: str, draft: _Draft) -> Item:
    return Item(
        id=id_,
        form=form.name,
        group=digest_tables(draft.tables),
        question=question,
        context=write_ddl(draft.tables),
        answer=form.answer.format_map(draft.slots),
    )


def _draw_vocabulary(rng: random.Random, made_up: float) -> Vocabulary:
    return MADE_UP if rng.random() < made_up else KNOWN


def _draw_draft(rng: random.Random, form: Form, *, part: Part, vocabulary: Vocabulary) -> _Draft:
    tables, table = _draw_tables(rng, form, part=part, vocabulary=vocabulary)
    slots = {
        "table": table.name,
        "owner": tables[0].name,
        **_assign_columns(rng, form.column_slots, table=table),
        **_assign_columns(rng, form.owner_slots, table=tables[0]),
        **_draw_values(rng, vocabulary),
        **_draw_numbers(rng, ranged="bound2" in form.slots),
    }
    return _Draft(tables=tables, slots=slots)


def _draw_tables(
    rng: random.Random, form: Form, *, part: Part, vocabulary: Vocabulary
) -> tuple[tuple[Table, ...], Table]:
    """The tables of one schema, a reference after what it refers to, and the one to ask about."""
    kinds, owner_kinds = _require_kinds(rng, form.column_slots), _require_kinds(rng, form.owner_slots)
    if not form.owner_slots and rng.random() >= _SECOND_TABLE:
        table = draw_table(rng, vocabulary, part=part, kinds=kinds, size=rng.randint(3, 5))
        return (table,), table
    first = not form.owner_slots and rng.random() < 0.5
    if first:
        kinds, owner_kinds = owner_kinds, kinds
    owner = draw_table(rng, vocabulary, part=part, kinds=owner_kinds, size=rng.randint(2, 3))
    table = draw_table(rng, vocabulary, part=part, kinds=kinds, size=rng.randint(2, 3), owner=owner)
    return (owner, table), owner if first else table


def _require_kinds(rng: random.Random, slots: Sequence[str]) -> list[Kind]:
    return [rng.choice(_fitting_kinds(slot)) for slot in slots]


def _fitting_kinds(slot: str) -> tuple[Kind, ...]:
    return _KINDS[slot.removeprefix("owner_").rstrip("2")]


def _assign_columns(rng: random.Random, slots: Sequence[str], *, table: Table) -> dict[str, str]:
    """A different column of the table for every slot, the least choosy slots last."""
    assigned: dict[str, str] = {}
    for slot in sorted(slots, key=lambda slot: len(_fitting_kinds(slot))):
        fitting = [column.name for column in table.columns if column.kind in _fitting_kinds(slot)]
        assigned[slot] = rng.choice([name for name in fitting if name not in assigned.values()])
    return assigned


def _draw_values(rng: random.Random, vocabulary: Vocabulary) -> dict[str, str]:
    value = second = draw_name(rng, vocabulary.values, made_up=vocabulary.made_up)
    while second == value:
        second = draw_name(rng, vocabulary.values, made_up=vocabulary.made_up)
    return {"value": value, "value2": second}


def _draw_numbers(rng: random.Random, *, ranged: bool) -> dict[str, int]:
    low, high = sorted(rng.sample(range(2, 100), k=2))
    lone = rng.randint(2, 99) if rng.random() < _SHORT_BOUNDS else 10 * rng.randint(10, 99)
    return {
        "bound": low if ranged else lone,
        "bound2": high,
        "count": rng.randint(2, 9),
        "times": rng.randint(2, 4),
    }
