"""Items that cannot judge are found, and no others."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from expertkit.data.items import Item
from expertkit.evaluation.ambiguity import find_ambiguous
from expertkit.evaluation.graders.cypher import CypherGrader
from expertkit.evaluation.graders.json_documents import JsonGrader
from expertkit.evaluation.graders.sql import SqlGrader

_TABLE = "CREATE TABLE city (name TEXT, size INTEGER);"
_FILLED = ["INSERT INTO city VALUES ('oslo', 1)"]


def item(identity: str, answer: str, *, question: str = "", context: str = "{}") -> Item:
    """An item with a question of its own, unless one is given."""
    return Item(
        id=identity, form="f", group=identity, question=question or identity, context=context, answer=answer
    )  # fmt: skip


def sql_items(answers: dict[str, str]) -> tuple[list[Item], SqlGrader]:
    """Items over one table, each with a filled and an empty database."""
    items = [item(identity, answer, context=_TABLE) for identity, answer in answers.items()]
    return items, SqlGrader(scripts={each.id: [[], _FILLED] for each in items})


def test_an_answer_that_is_wrong_by_its_own_grader_judges_nobody() -> None:
    """One that does not run, one that is no query and one that runs: the two are named, with the reason."""
    items, grader = sql_items({"a": "SELECT nation FROM city", "b": "DELETE FROM city", "c": "SELECT name FROM city"})

    found = find_ambiguous(items, grader)

    assert list(found) == ["a", "b"]
    assert "no such column: nation" in found["a"]
    assert all(why.startswith("its own answer is graded wrong: ") for why in found.values())


def test_an_answer_that_finds_nothing_anywhere_judges_nobody() -> None:
    """One database with rows is enough; a count is a row."""
    items, grader = sql_items(
        {
            "a": "SELECT name FROM city WHERE size > 5",
            "b": "SELECT name FROM city",
            "c": "SELECT COUNT(*) FROM city WHERE size > 5",
        }
    )

    assert find_ambiguous(items, grader) == {"a": "its own answer is empty on every trial"}


def test_graphs_are_looked_at_like_databases() -> None:
    """An engine of another kind, the same rule."""
    graph = ["CREATE NODE TABLE City(name STRING, PRIMARY KEY(name))", "CREATE (:City {name: 'oslo'})"]
    items = [item("a", "MATCH (c:City) WHERE c.name = 'rome' RETURN c.name"), item("b", "MATCH (c:City) RETURN c.name")]
    grader = CypherGrader(scripts={each.id: [graph] for each in items})

    assert list(find_ambiguous(items, grader)) == ["a"]


def test_the_same_question_with_another_answer_judges_nobody() -> None:
    """Other words for the same value are no other answer, and another context makes another question."""
    asked: Sequence[Item] = [
        item("a", '{"x": 1, "y": 2}', question="same"),
        item("b", '{"y": 2, "x": 1}', question="same"),
        item("c", '{"x": 3}', question="same"),
        item("d", '{"x": 4}', question="same", context='{"type": "object"}'),
        item("e", '{"x": 1, "y": 2}', question="other"),
    ]

    found = find_ambiguous(asked, JsonGrader())

    assert found == {
        "a": "c asks the same and has another answer",
        "b": "c asks the same and has another answer",
        "c": "a asks the same and has another answer",
    }


@pytest.mark.parametrize("items", [[], [item("a", "{}")]])
def test_sound_items_are_left_alone(items: list[Item]) -> None:
    """And none are found among none."""
    assert find_ambiguous(items, JsonGrader()) == {}
