"""What every generated domain promises, whatever its language."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest

from expertkit.data import drawing
from expertkit.data.domain import DOMAINS, domain
from expertkit.data.items import Item
from expertkit.data.split import PARTS, Part, part_of

COUNTS: dict[Part, int] = {"train": 3000, "dev": 300, "test": 500}
"""As many items of each part as a run of the pipeline has."""
DIGEST = """
import hashlib, sys
from expertkit.data.domain import domain
source, digest = domain(sys.argv[1]), hashlib.sha256()
for item in source.generate("train", count=60, seed=5):
    digest.update(repr((item, source.trials(item))).encode())
print(digest.hexdigest())
"""

in_every_domain = pytest.mark.parametrize("name", DOMAINS)


@cache
def items_of(name: str, part: Part) -> tuple[Item, ...]:
    """The items of a part that the tests look at."""
    return tuple(domain(name).generate(part, count=COUNTS[part], seed=1))


@in_every_domain
def test_there_are_enough_forms_and_each_has_a_name_of_its_own(name: str) -> None:
    """At least 26 forms exist, all named in kebab-case."""
    forms = domain(name).FORMS

    assert len(set(forms)) == len(forms) >= 26
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", form) for form in forms)


@in_every_domain
@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_exactly_the_items_that_were_asked_for(name: str, part: Part) -> None:
    """Items are counted, numbered, spread evenly over the forms, and ask what belongs to the part."""
    items = items_of(name, part)

    forms = Counter(item.form for item in items)

    assert [item.id for item in items] == [f"{part}-{number:05}" for number in range(COUNTS[part])]
    assert set(forms) == set(domain(name).FORMS)
    assert max(forms.values()) - min(forms.values()) <= 1
    assert {part_of(item.question) for item in items} == {part}


@in_every_domain
def test_no_question_is_asked_twice(name: str) -> None:
    """Neither in a part nor in two of them; no schema is in two parts."""
    items = {part: items_of(name, part) for part in PARTS}
    groups = [{item.group for item in of_part} for of_part in items.values()]

    assert len({item.question for of_part in items.values() for item in of_part}) == sum(COUNTS.values())
    assert len(set.union(*groups)) == sum(map(len, groups))


@in_every_domain
def test_other_seeds_give_other_items(name: str) -> None:
    """A seed decides the items, and a longer run begins like a shorter one."""
    first, other = (list(domain(name).generate("dev", count=50, seed=seed)) for seed in (1, 2))

    assert list(domain(name).generate("dev", count=20, seed=1)) == first[:20]
    assert not {item.question for item in first} & {item.question for item in other}


@in_every_domain
def test_unseen_items_are_numbered_by_themselves(name: str) -> None:
    """They are test items, about other things than those."""
    unseen = list(domain(name).generate("test", count=30, seed=1, unseen=True))

    assert [item.id for item in unseen] == [f"unseen-{number:05}" for number in range(30)]
    assert {part_of(item.question) for item in unseen} == {"test"}
    assert not {item.group for item in unseen} & {item.group for item in items_of(name, "test")}


@in_every_domain
def test_more_items_than_there_are_questions_is_an_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Generation ends with an error when no new question is found, and does not hang."""
    monkeypatch.setattr(drawing, "_ATTEMPTS", 0)

    with pytest.raises(ValueError, match="too many items"):
        list(domain(name).generate("train", count=2, seed=1))


@in_every_domain
def test_items_and_trials_do_not_depend_on_the_process(name: str) -> None:
    """Processes with different hash seeds draw the same bytes."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", DIGEST, name],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(outputs) == 1
