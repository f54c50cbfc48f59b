"""Drawing items and documents: a form, a schema that it can ask about, and the slots filled."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from expertkit.data.cypher.forms import FORM_TABLE, Form
from expertkit.data.cypher.names import KNOWN, MADE_UP, UNSEEN, Vocabulary, draw_name
from expertkit.data.cypher.schema import (
    Kind,
    Node,
    Property,
    Relation,
    Schema,
    digest_schema,
    draw_node,
    draw_relation,
    write_context,
)
from expertkit.data.drawing import MADE_UP_DOCUMENTS, MADE_UP_ITEMS, Questions, draw_rewording
from expertkit.data.items import Item
from expertkit.data.split import Part
from expertkit.data.wording import draw_wording, plain_wording

_LONGER_PATH = 0.2  # how often a question about one relation comes with a second one
_RELATION_PROPERTY = 0.3  # how often a relation has a property that nobody asks for
_SHORT_BOUNDS = 0.8  # numbers of one token; the others have two
_NUMBER_OR_TEXT: tuple[Kind, ...] = ("number", "text")  # asking for the flags themselves reads badly
_SIZES = {1: (2, 4), 2: (2, 3), 3: (1, 2)}
"""How many properties a node has at least and at most, by the nodes of the schema."""
_KINDS: dict[str, tuple[Kind, ...]] = {"num": ("number",), "text": ("text",), "flag": ("flag",), "col": _NUMBER_OR_TEXT}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A schema, and what stands in the slots of a form."""

    schema: Schema
    slots: dict[str, object]


def generate(part: Part, *, count: int, seed: int, unseen: bool = False) -> Iterator[Item]:
    """Items of a part, as ``Questions.draw`` gives them; every node of a schema belongs to the part as well."""
    rotation = Questions(domain="cypher", forms=FORM_TABLE, ask=_draw_question, make=_make_item)
    return rotation.draw(part, count=count, seed=seed, unseen=unseen)


def sample_document(rng: random.Random) -> str:
    """A schema of the train part and a query on it, as plain text for pretraining."""
    form = rng.choice(FORM_TABLE)
    draft = _draw_draft(rng, form, part="train", vocabulary=_draw_vocabulary(rng, MADE_UP_DOCUMENTS))
    return f"{write_context(draft.schema)}\n{form.answer.format_map(draft.slots)}"


def sample_rewording(rng: random.Random) -> tuple[str, str]:
    """A question of the train part, in any wording and in the plain one of its form; no answer."""
    form = rng.choice(FORM_TABLE)
    vocabulary = _draw_vocabulary(rng, MADE_UP_ITEMS)

    def draw() -> tuple[str, str]:
        slots = _draw_draft(rng, form, part="train", vocabulary=vocabulary).slots
        return draw_wording(form.questions, rng).format_map(slots), plain_wording(form.questions).format_map(slots)

    return draw_rewording(draw)


def _draw_question(rng: random.Random, form: Form, part: Part, made_up: float | None) -> tuple[str, _Draft]:
    """A question with its draft; ``made_up`` is None where all names are unseen ones."""
    vocabulary = UNSEEN if made_up is None else _draw_vocabulary(rng, made_up)
    draft = _draw_draft(rng, form, part=part, vocabulary=vocabulary)
    return draw_wording(form.questions, rng).format_map(draft.slots), draft


def _make_item(id_: str, form: Form, question: str, draft: _Draft) -> Item:
    return Item(
        id=id_,
        form=form.name,
        group=digest_schema(draft.schema),
        question=question,
        context=write_context(draft.schema),
        answer=form.answer.format_map(draft.slots),
    )


def _draw_vocabulary(rng: random.Random, made_up: float) -> Vocabulary:
    return MADE_UP if rng.random() < made_up else KNOWN


def _draw_draft(rng: random.Random, form: Form, *, part: Part, vocabulary: Vocabulary) -> _Draft:
    path = _draw_path(rng, form)
    nodes, relations = _draw_graph(rng, form, path, part=part, vocabulary=vocabulary)
    at = path.index("a")
    bound = {variable: nodes[place] for place, variable in enumerate(path) if variable}
    slots = {
        **{variable: node.label for variable, node in bound.items()},
        **dict(zip(("rel", "rel2"), (relation.type for relation in relations[at:]), strict=False)),
        **_draw_values(rng, vocabulary),
        **_draw_numbers(rng),
    }
    for variable, node in bound.items():
        slots |= _assign_properties(rng, form.property_slots(variable), properties=node.properties)
    if at < len(relations):
        slots |= _assign_properties(rng, form.property_slots("r"), properties=relations[at].properties)
    ends = (nodes[0], nodes[0]) if form.is_loop else nodes
    return _Draft(schema=Schema(nodes=tuple(ends), relations=tuple(relations)), slots=slots)


def _draw_path(rng: random.Random, form: Form) -> list[str]:
    """The variables of the answer along the schema's path, and an empty one for a node that nobody asks about."""
    if "c" in form.slots:
        return ["a", "b", "c"]
    if form.is_loop:
        return ["a"]
    if "b" not in form.slots:
        return rng.choice((["a", ""], ["", "a"]))
    return rng.choice((["", "a", "b"], ["a", "b", ""])) if rng.random() < _LONGER_PATH else ["a", "b"]


def _draw_graph(
    rng: random.Random, form: Form, path: Sequence[str], *, part: Part, vocabulary: Vocabulary
) -> tuple[list[Node], list[Relation]]:
    """The nodes of a path, with what the form asks of each, and the relations from one to the next."""
    taken: set[str] = set()
    nodes = []
    for variable in path:
        kinds = _require_kinds(rng, form.property_slots(variable)) if variable else []
        size = max(rng.randint(*_SIZES[len(path)]), len(kinds))
        nodes.append(draw_node(rng, vocabulary, part=part, kinds=kinds, size=size, taken=taken))
    relations = []
    for place in range(1 if form.is_loop else len(path) - 1):
        kinds = _require_kinds(rng, form.property_slots("r")) if path[place] == "a" else []
        size = max(int(rng.random() < _RELATION_PROPERTY), len(kinds))
        relations.append(draw_relation(rng, vocabulary, kinds=kinds, size=size, taken=taken))
    return nodes, relations


def _require_kinds(rng: random.Random, slots: Sequence[str]) -> list[Kind]:
    return [rng.choice(_fitting_kinds(slot)) for slot in slots]


def _fitting_kinds(slot: str) -> tuple[Kind, ...]:
    return _KINDS[slot.partition("_")[2].rstrip("2")]


def _assign_properties(rng: random.Random, slots: Sequence[str], *, properties: Sequence[Property]) -> dict[str, str]:
    """A different property for every slot, the least choosy slots last."""
    assigned: dict[str, str] = {}
    for slot in sorted(slots, key=lambda slot: len(_fitting_kinds(slot))):
        fitting = [property_.name for property_ in properties if property_.kind in _fitting_kinds(slot)]
        assigned[slot] = rng.choice([name for name in fitting if name not in assigned.values()])
    return assigned


def _draw_values(rng: random.Random, vocabulary: Vocabulary) -> dict[str, object]:
    taken: set[str] = set()
    return {
        slot: draw_name(rng, vocabulary.values, made_up=vocabulary.made_up, taken=taken) for slot in ("value", "value2")
    }


def _draw_numbers(rng: random.Random) -> dict[str, object]:
    bound = rng.randint(2, 99) if rng.random() < _SHORT_BOUNDS else 10 * rng.randint(10, 99)
    return {"bound": bound, "count": rng.randint(2, 5), "times": rng.randint(2, 3)}
