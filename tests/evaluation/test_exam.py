"""What base and expert are asked."""

from __future__ import annotations

from collections.abc import Sequence

from expertkit.data.items import Item
from expertkit.data.templates import TEMPLATES
from expertkit.evaluation.exam import Exam, best_shots, in_turn
from expertkit.evaluation.graders.json_documents import JsonGrader


def _item(number: int, form: str) -> Item:
    return Item(id=f"train-{number}", form=form, group="g", question=str(number), context="{}", answer=str(number))


ITEMS = [_item(number, form) for number, form in enumerate("aabac")]


def _exam(*, examples: Sequence[Item]) -> Exam:
    items = {part: (_item(7, "a"), _item(8, "b")) for part in ("dev", "test", "unseen")}
    return Exam(items=items, examples=tuple(examples), grader=JsonGrader(), template=TEMPLATES["chatml"])


def test_examples_show_every_form_before_one_twice() -> None:
    """The forms in the order in which they come; as many examples as there are, if more are wanted."""
    assert [item.id for item in in_turn(ITEMS, 4)] == ["train-0", "train-2", "train-4", "train-1"]
    assert len(in_turn(ITEMS, 64)) == len(ITEMS)


def test_a_base_is_shown_what_serves_it_best_on_dev() -> None:
    """Of equals the smallest; never more than there are to show, so that the report tells what was done."""
    exam = _exam(examples=ITEMS)

    def answer(prompts: Sequence[str]) -> list[str]:
        """Right about one item from two examples on."""
        return ["8" if prompt.count("assistant") > 2 else "?" for prompt in prompts]

    assert best_shots(exam, answer, (3, 2, 0)) == 2
    assert best_shots(exam, lambda prompts: ["?"] * len(prompts), (3, 2)) == 2
    assert best_shots(_exam(examples=ITEMS[:1]), lambda prompts: ["?"] * len(prompts), (5,)) == 1


def test_both_take_the_same_items_and_only_a_base_is_shown_examples() -> None:
    """The examples stand before each question."""
    asked: list[str] = []

    def answer(prompts: Sequence[str]) -> list[str]:
        asked.extend(prompts)
        return ["7"] * len(prompts)

    arm = _exam(examples=ITEMS).take("test", answer, shots=2)

    assert arm.right("equal") == [True, False]
    assert [prompt.count("assistant") for prompt in asked] == [3, 3]
