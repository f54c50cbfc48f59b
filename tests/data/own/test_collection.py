"""From rows to parts: what is used, what is left out, and what stops the run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expertkit.data.own.collection import collect
from expertkit.errors import ConfigError, IntegrityError
from expertkit.recipes.own_data import DataFile
from tests.data.own.builders import CONFIG, collected, own, questions, rows, write_jsonl


def test_a_file_is_split_by_what_its_rows_ask(tmp_path: Path) -> None:
    """Every row is in one part, whatever stands before it; more rows move none to another part."""
    write_jsonl(tmp_path / "a.jsonl", rows(300))
    write_jsonl(tmp_path / "b.jsonl", rows(400)[::-1])

    first, second = (collected(tmp_path, name) for name in ("a.jsonl", "b.jsonl"))

    assert sum(len(items) for items in first.parts.values()) == 300
    assert {part: questions(first, part) <= questions(second, part) for part in first.parts} == {
        "train": True, "dev": True, "test": True,
    }  # fmt: skip
    assert 0.6 < len(first.parts["train"]) / 300 < 0.8


def test_usual_names_of_columns_are_known_and_others_are_mapped(tmp_path: Path) -> None:
    """What was chosen is on record; a row's category is its form."""
    values = [
        {"q": row["question"], "output": row["answer"], "schema": "S", "kind": "k", "db_id": f"d{at % 40}"}
        for at, row in enumerate(rows(80))
    ]
    write_jsonl(tmp_path / "a.jsonl", values)

    found = collected(tmp_path, "a.jsonl", columns={"instruction": "q", "category": "kind"})

    assert found.account.columns == {
        "a.jsonl": {"instruction": "q", "input": "schema", "response": "output", "category": "kind", "group": "db_id"}
    }
    item = found.parts["train"][0]
    assert (item.context, item.form) == ("S", "k")
    assert len({item.group for items in found.parts.values() for item in items}) == 40


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    """And with the nearest."""
    write_jsonl(tmp_path / "a.jsonl", [{"customer": "x", "queue": "y"}])

    with pytest.raises(ConfigError) as refusal:
        collected(tmp_path, "a.jsonl", columns={"instruction": "costumer"})

    named, usual = refusal.value.lines
    assert named == (
        "a.jsonl: expected the column 'costumer' for the instruction, got columns customer, queue, "
        "did you mean 'customer'?"
    )
    assert usual == (
        "a.jsonl: expected a column for the response (response, output, answer, completion, cypher, sql, or one that "
        "field_mapping names), got columns customer, queue"
    )


def test_bad_rows_are_counted_and_too_many_stop_the_run(tmp_path: Path) -> None:
    """The first five are shown with their lines."""
    bad: list[Any] = ["{", {"question": "", "answer": "x"}, {"question": "x"}, "[]", "1", "null"]
    write_jsonl(tmp_path / "a.jsonl", [*rows(60), *bad])

    account = collected(tmp_path, "a.jsonl").account
    with pytest.raises(ConfigError) as refusal:
        collected(tmp_path, "a.jsonl", config=replace(CONFIG, max_bad_share=0.05))

    assert (account.rows, account.bad, account.first_bad[1].place) == (66, 6, "a.jsonl:62")
    assert len(refusal.value.lines) == 6
    assert refusal.value.lines[1] == "a.jsonl:62: expected a usable row, got question: expected a text, got nothing"
    assert refusal.value.lines[-1].endswith("expected at most 5.0% bad rows, got 6 of 66 (9.1%), the first 5 above")


@pytest.mark.parametrize(
    ("said", "row", "problem"),
    [
        ({"min_length": 5}, {"question": "a", "answer": "b"}, "expected at least 5 characters, got 2"),
        ({"max_length": 20}, {"question": "a" * 20, "answer": "b"}, "expected at most 20 characters, got 21"),
        ({"validate_json": True}, {"question": "a", "answer": "{"}, "answer: expected JSON"),
        (
            {"validate_schema": True},
            {"question": "a", "answer": "1", "context": '{"type": "object"}'},
            "answer: not under the schema, $: 1 is not of type 'object'",
        ),
        (
            {"validate_schema": True},
            {"question": "a", "answer": "1", "context": '{"type": "no such"}'},
            "the context is no JSON Schema",
        ),
    ],
)
def test_what_an_item_has_to_be_is_checked(
    tmp_path: Path, said: dict[str, Any], row: dict[str, str], problem: str
) -> None:
    """Each of the manifest's checks refuses a row, and lets others through."""
    good = [{"question": f"is {at}?", "answer": str(at), "context": '{"type": "integer"}'} for at in range(100, 160)]
    columns = {"instruction": "question", "response": "answer", "input": "context"} if "context" in row else {}
    if not columns:
        good = [{"question": each["question"], "answer": each["answer"]} for each in good]
    write_jsonl(tmp_path / "a.jsonl", [*good, row])

    account = collected(tmp_path, "a.jsonl", columns=columns, **said).account

    assert account.bad == 1
    assert account.first_bad[0].problem.startswith(problem)


def test_a_document_that_its_grader_would_not_read_is_a_bad_row(tmp_path: Path) -> None:
    """Found before anything is trained, not when answers are graded."""
    files = [{"question": f"is {at}?", "answer": str(at)} for at in range(60)]
    write_jsonl(tmp_path / "a.jsonl", [*files, {"question": "all?", "answer": f"[{'1,' * 2000}1]"}])

    account = collect(tmp_path, CONFIG, own(tmp_path, "a.jsonl"), needs_json=True).account

    assert account.bad == 1
    assert account.first_bad[0].problem.startswith("answer is too long: expected at most 4000 characters")


def test_what_is_there_again_is_left_out_and_counted(tmp_path: Path) -> None:
    """Other cases and spaces are the same; the same question with another answer is a contradiction, and stays."""
    long = "where in all the world might the parcel be that I sent to my aunt in the spring"
    more = [(" WHERE is  parcel 3?", "in hall 3"), ("where is parcel 4?", "x"), (long, "lost"), (f"{long}?", "lost")]
    write_jsonl(tmp_path / "a.jsonl", [*rows(60), *({"question": asked, "answer": said} for asked, said in more)])

    cleaned, kept = collected(tmp_path, "a.jsonl"), collected(tmp_path, "a.jsonl", deduplicate=False, columns={})

    account = cleaned.account
    assert (account.duplicates, account.near_duplicates, account.contradictions) == (1, 1, 1)
    assert sum(len(items) for items in cleaned.parts.values()) == 62
    assert (kept.account.duplicates, kept.account.near_duplicates) == (0, 0)


def test_parts_that_share_a_question_stop_the_run(tmp_path: Path) -> None:
    """Whoever brings a test file of his own is told which of its rows were learnt, and from where."""
    write_jsonl(tmp_path / "d/train.jsonl", rows(60))
    write_jsonl(tmp_path / "d/test.jsonl", [*rows(5, start=100), {"question": "Where is parcel 7?", "answer": "x"}])

    with pytest.raises(ConfigError) as refusal:
        collected(tmp_path, "d")

    assert refusal.value.lines == (
        "d/test.jsonl:6: expected nothing that train has, got the question of d/train.jsonl:8",
        "data: expected parts without common items, got 1 in common",
    )


def test_a_group_is_in_one_part(tmp_path: Path) -> None:
    """Rows of one group depend on each other: who has learnt some of them knows something of the others."""
    grouped = [{**row, "db_id": f"db {at % 60}"} for at, row in enumerate(rows(300))]
    write_jsonl(tmp_path / "a.jsonl", grouped)
    write_jsonl(tmp_path / "d/train.jsonl", grouped[:200])
    write_jsonl(tmp_path / "d/test.jsonl", grouped[200:])

    parts = collected(tmp_path, "a.jsonl").parts
    with pytest.raises(ConfigError, match="expected nothing that train has, got the group 'db "):
        collected(tmp_path, "d")

    groups = [{item.group for item in items} for items in parts.values()]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 60


def test_a_stream_leaves_a_part_to_its_file(tmp_path: Path) -> None:
    """However many rows of train would go there by their text."""
    write_jsonl(tmp_path / "d/train.jsonl", rows(2000))
    write_jsonl(tmp_path / "d/test.jsonl", rows(9, start=5000))

    found = collected(tmp_path, "d", config=replace(CONFIG, train=30, dev=3, test=9), streaming=True)

    assert questions(found, "test") == {row["question"] for row in rows(9, start=5000)}
    assert len(found.parts["train"]) == 30


def test_data_that_changed_after_the_recipe_is_refused(tmp_path: Path) -> None:
    """The recipe's digest is what a package tells: it has to be true."""
    path = write_jsonl(tmp_path / "a.jsonl", rows(60))
    before = own(tmp_path, "a.jsonl")
    write_jsonl(path, rows(61))

    with pytest.raises(IntegrityError, match=r"a\.jsonl: expected the file that the recipe was resolved with"):
        collect(tmp_path, CONFIG, before, needs_json=False)


def test_where_no_row_is_usable_the_rows_say_why(tmp_path: Path) -> None:
    """A JSON array of something else than objects has none."""
    write_jsonl(tmp_path / "a.json", ["[", "1,", "2", "]"])

    with pytest.raises(ConfigError) as refusal:
        collected(tmp_path, "a.json", config=replace(CONFIG, max_bad_share=1.0))

    assert refusal.value.lines[0].startswith("a.json#1: expected a usable row, got ")


def test_a_part_without_a_file_is_split_off(tmp_path: Path) -> None:
    """Of train, and nothing goes to the part that has its own file."""
    write_jsonl(tmp_path / "d/train.jsonl", rows(200))
    write_jsonl(tmp_path / "d/my-test.jsonl", rows(9, start=500))

    found = collected(tmp_path, "d")

    assert {part: len(items) for part, items in found.parts.items()}["test"] == 9
    assert len(found.parts["dev"]) > 5
    assert len(found.parts["train"]) + len(found.parts["dev"]) == 200


def test_at_most_so_many_are_used_and_the_seed_chooses(tmp_path: Path) -> None:
    """In the order of the file; another seed chooses others."""
    write_jsonl(tmp_path / "a.jsonl", rows(300))
    few = replace(CONFIG, train=50, test=10)

    first, again, other = (
        collected(tmp_path, "a.jsonl", config=each) for each in (few, few, replace(few, seed=2))
    )  # fmt: skip

    assert (len(first.parts["train"]), len(first.parts["test"])) == (50, 10)
    assert first.parts == again.parts
    assert questions(first, "train") != questions(other, "train")
    assert first.account.not_needed == 300 - sum(len(items) for items in first.parts.values())
    numbers = [int(item.question.split()[-1].rstrip("?")) for item in first.parts["train"]]
    assert numbers == sorted(numbers)


def test_a_weight_is_the_share_of_a_task(tmp_path: Path) -> None:
    """Of what is learnt and of what is held out."""
    write_jsonl(tmp_path / "a.jsonl", rows(200))
    write_jsonl(tmp_path / "b.jsonl", [{"question": f"who is {at}", "answer": "me"} for at in range(200)])
    files = [replace(file, task=task, weight=weight) for file, task, weight in zip(
        own(tmp_path, "a.jsonl", "b.jsonl").files, ("place", "person"), (1.0, 0.25), strict=True
    )]  # fmt: skip

    parts = collected(tmp_path, "a.jsonl", files=tuple[DataFile, ...](files)).parts
    counts = Counter(item.form for items in parts.values() for item in items)

    assert counts["place"] == 200
    assert 50 <= counts["person"] <= 53


def test_a_weight_is_kept_beside_held_out_files(tmp_path: Path) -> None:
    """Those of the same task have a weight of their own, which is whole."""
    write_jsonl(tmp_path / "a.jsonl", rows(200))
    write_jsonl(tmp_path / "b.jsonl", [{"question": f"who is {at}", "answer": "me"} for at in range(40)])
    train, held_out = own(tmp_path, "a.jsonl", "b.jsonl").files
    files = (replace(train, task="place", weight=0.25), replace(held_out, task="place", part="test"))

    parts = collected(tmp_path, "a.jsonl", files=files).parts

    assert 50 <= len(parts["train"]) + len(parts["dev"]) <= 52
    assert len(parts["test"]) == 40


def test_a_stream_is_read_until_there_is_enough(tmp_path: Path) -> None:
    """Or until so many rows were looked at."""
    write_jsonl(tmp_path / "a.jsonl", rows(5000))
    few = replace(CONFIG, train=30, dev=3, test=5)

    enough = collected(tmp_path, "a.jsonl", config=few, streaming=True)
    stopped = collected(tmp_path, "a.jsonl", streaming=True, most_rows=100)

    assert enough.account.rows < 100
    assert [len(enough.parts[part]) for part in ("train", "dev", "test")] == [30, 3, 5]
    assert stopped.account.rows == 100


def test_a_part_with_nothing_in_it_is_a_problem(tmp_path: Path) -> None:
    """Two rows cannot be learnt from, tried and judged by."""
    write_jsonl(tmp_path / "a.jsonl", rows(2))

    with pytest.raises(ConfigError, match="expected items for the part"):
        collected(tmp_path, "a.jsonl")
