"""Items and plain text of the JSON domain, drawn until they belong to their part.

The forms stand in ``forms``; how names and values are drawn, in ``draws``.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from functools import partial

from expertkit.data.drawing import MADE_UP_DOCUMENTS, MADE_UP_ITEMS, draw_new, draw_rewording
from expertkit.data.items import Item
from expertkit.data.json_documents.draws import SEEN, UNSEEN, Source, draw_keys, draw_values
from expertkit.data.json_documents.forms import FORMS, ROWS
from expertkit.data.json_documents.phrases import plain_question, word_question
from expertkit.data.json_documents.rows import Row
from expertkit.data.json_documents.shapes import Json, document_of, schema_of
from expertkit.data.split import Part, part_of

_TRIES = 30
_ROWS_OF = {form: tuple(row for row in ROWS if row.form == form) for form in FORMS}


def generate(part: Part, *, count: int, seed: int, unseen: bool = False) -> Iterator[Item]:
    """Exactly ``count`` items of ``part``, the forms in a balanced rotation, no question twice.

    Raises:
        ValueError: there are not so many different questions.
    """
    rng = random.Random(f"json {part} {seed} {unseen}")
    name = "unseen" if unseen else part
    asked: set[str] = set()
    for number, form in zip(range(count), _rotation(rng), strict=False):
        draw = partial(_draw_item, f"{name}-{number:05}", form, part=part, unseen=unseen, rng=rng)
        _question, item = draw_new(draw, form=form, part=part, asked=asked)
        yield item


def sample_document(rng: random.Random) -> str:
    """A schema of the train part and, on the next line, a document it allows."""
    source = Source(part="train", pools=SEEN, made_up=rng.random() < MADE_UP_DOCUMENTS)
    row = rng.choice(_ROWS_OF[rng.choice(FORMS)])
    words = draw_values(row, draw_keys(row, source, rng), source, rng)
    return f"{_line(schema_of(row.shape, words))}\n{_line(document_of(row.shape, words))}"


def sample_rewording(rng: random.Random) -> tuple[str, str]:
    """A question of the train part, in any wording and in the plain one; no answer."""
    source = Source(part="train", pools=SEEN, made_up=rng.random() < MADE_UP_ITEMS)
    row = rng.choice(_ROWS_OF[rng.choice(FORMS)])

    def draw() -> tuple[str, str]:
        words = draw_values(row, draw_keys(row, source, rng), source, rng)
        return word_question(rng.choice(row.asks), words, rng), plain_question(row.asks[0], words)

    return draw_rewording(draw)


def _rotation(rng: random.Random) -> Iterator[str]:
    while True:
        yield from rng.sample(FORMS, len(FORMS))


def _draw_item(name: str, form: str, *, part: Part, unseen: bool, rng: random.Random) -> tuple[str, Item]:
    """An item, after its question."""
    made_up = part == "train" and not unseen and rng.random() < MADE_UP_ITEMS
    source = Source(part=part, pools=UNSEEN if unseen else SEEN, made_up=made_up)
    row = rng.choice(_ROWS_OF[form])
    question, words = _draw_question(row, source, rng)
    schema = schema_of(row.shape, words)
    document = document_of(row.shape, words)
    item = Item(
        id=name,
        form=form,
        group=_group(schema),
        question=question,
        context=_line(schema),
        answer=_line(document),
    )
    return question, item


def trials(item: Item, *, count: int = 3) -> tuple[tuple[str, ...], ...]:  # noqa: ARG001
    """None: a document is compared, not run."""
    return ()


def _draw_question(row: Row, source: Source, rng: random.Random) -> tuple[str, dict[str, Json]]:
    while True:
        keys = draw_keys(row, source, rng)
        for _ in range(_TRIES):  # some keys leave few questions, and none of this part among them
            words = draw_values(row, keys, source, rng)
            question = word_question(rng.choice(row.asks), words, rng)
            if part_of(question) == source.part:
                return question, words


def _group(schema: Json) -> str:
    text = json.dumps(_without_literals(schema), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without_literals(schema: Json) -> Json:
    """Names and types; of a list of choices, which has no names, the choices."""
    match schema:
        case {"properties": fields}:
            return {name: _without_literals(field) for name, field in fields.items()}
        case {"items": {"enum": options}}:
            return sorted(options)
        case {"items": dict() as items}:
            return [_without_literals(items)]
    return schema.get("type")


def _line(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
