"""Calls to try answers on, with what each must return, drawn so that a wrong function is not right by luck.

What a function returns is said by the reference of its form, in Python, and never by running an answer. What
the question names occurs in the arguments, and so do its neighbours; what is sorted by has ties, unless the
question leaves open what counts then; lists are empty too. No other form's function, none on other
fields and none with other literals returns the same on all calls of an item.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from expertkit.data.items import Item
from expertkit.data.typescript.forms import Json
from expertkit.data.typescript.functions import Function, list_neighbours, list_rivals, read_function
from expertkit.data.typescript.interfaces import Interface, read_interface
from expertkit.data.typescript.rows import Needs, draw_rows

_ROWS = _LONG = (8, 11)  # rows of a full argument, or the numbers and words in the lists of its one row
_SHORT = (0, 3)  # numbers and words in the lists of many rows
_BARE = (0, 1, 3)  # the same of a bare argument: rows, or numbers and words
_ATTEMPTS = 200
_CONSTANTS: tuple[Json, ...] = ([], {}, 0, "", True, False, None)
"""What a function that looks at nothing may return."""
_ASKED = {
    "value": frozenset({"text", "maybe", "texts"}),
    "bound": frozenset({"num", "nums"}),
    "bound2": frozenset({"num", "nums"}),
    "count": frozenset[str](),
    "letters": frozenset({"texts"}),
}
"""The slots of fields that a literal is compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a function."""

    argument: Json
    returns: Json
    """None stands for undefined."""

    def to_json(self) -> str:
        """The call as graders read it: without ``returns`` where that is undefined."""
        result = {} if self.returns is None else {"returns": self.returns}
        return json.dumps({"argument": self.argument, **result})


def trials(item: Item, *, count: int = 3) -> tuple[tuple[str, ...], ...]:
    """The calls of ``count`` scripts, each on a full argument and on a bare one, as JSON.

    Raises:
        ValueError: The item is none of this domain, or no calls tell its answer from others.
    """
    interface, asked = read_interface(item.context), read_function(item)
    rivals, neighbours = list(list_rivals(asked, interface)), list(list_neighbours(asked))
    rng = random.Random(f"calls {item.id} {item.group}")
    for _ in range(_ATTEMPTS):
        scripts = [_draw_script(rng, asked, interface, bare=_BARE[number % len(_BARE)]) for number in range(count)]
        calls = list(itertools.chain(*scripts))
        if _are_telling(calls, rivals) and all(any(_differs(each, calls) for each in pair) for pair in neighbours):
            return tuple(tuple(call.to_json() for call in script) for script in scripts)
    raise ValueError(f"no calls found that tell the answer of item {item.id!r} from others")


def _draw_script(rng: random.Random, asked: Function, interface: Interface, *, bare: int) -> tuple[Call, ...]:
    """A call on a full argument, and one on what functions forget: nothing, one row, negative numbers."""
    takes_rows = asked.form.takes.startswith("rows:")
    full = Needs(
        rows=rng.randint(*_ROWS) if takes_rows else 1,
        lists=_SHORT if takes_rows else _LONG,
        literals=_find_literals(asked),
        keys=frozenset(asked.slots[slot] for slot in asked.form.keys),
        is_one_sided=asked.form.returns == "boolean" and rng.random() < 0.5,  # both true and false are wanted
    )
    poor = replace(full, rows=bare if takes_rows else 1, lists=(bare, bare), literals={}, is_negative=bare > 1)
    drawn = [draw_rows(rng, interface.fields, needs) for needs in (full, poor)]
    arguments = drawn if takes_rows else [row for (row,) in drawn]
    return tuple(Call(argument=argument, returns=asked(argument)) for argument in arguments)


def _find_literals(asked: Function) -> Mapping[str, Sequence[Any]]:
    """By field: what the question compares it with."""
    found: dict[str, list[Any]] = {}
    for literal in asked.form.literal_slots:
        for slot in _ASKED[literal] & set(asked.form.field_slots):
            found.setdefault(asked.slots[slot], []).append(asked.slots[literal])
    return found


def _are_telling(calls: Sequence[Call], rivals: Sequence[Function]) -> bool:
    """Whether on some call each rival returns something else, and so do a constant and the argument itself."""
    if any(all(call.returns == value for call in calls) for value in _CONSTANTS):
        return False
    if all(call.returns == call.argument for call in calls):
        return False
    return all(_differs(rival, calls) for rival in rivals)


def _differs(other: Function, calls: Sequence[Call]) -> bool:
    return any(other(call.argument) != call.returns for call in calls)
