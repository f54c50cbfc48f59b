"""The TypeScript grader: which answers count as right, and what it does with hostile ones."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from expertkit.data.items import Item
from expertkit.data.typescript import FORMS, generate, trials
from expertkit.data.typescript.interfaces import read_interface
from expertkit.evaluation.graders import Grade
from expertkit.evaluation.graders.typescript import TypeScriptGrader
from expertkit.evaluation.graders.typescript.outcomes import same_value
from expertkit.evaluation.graders.typescript.syntax import Reading, read_body
from expertkit.evaluation.graders.typescript.tools import find_tools
from tests.evaluation.typescript_answers import (
    CONTEXT,
    ENDLESS,
    GOLD,
    HOSTILE,
    ILL_TYPED,
    MUTATING,
    NO_BODIES,
    RIGHT,
    SIGNATURE,
    UNCHECKED,
    WRONG,
)

CALLS = (
    {
        "argument": [
            {"name": "jade", "age": 31, "city": "oslo"},
            {"name": "opal", "age": 30},
            {"name": "onyx", "age": 45, "city": "rome"},
        ],
        "returns": ["jade", "onyx"],
    },
    {"argument": [], "returns": []},
)
ITEM = Item(id="test-1", form="any", group="g", question="?", context=CONTEXT, answer=GOLD)
SCRIPTS = {ITEM.id: [[json.dumps(call) for call in CALLS]]}

FLIPS = (
    (" > ", " < "), (" > ", " >= "), (" < ", " > "), (" < ", " <= "), (" >= ", " > "), (" <= ", " < "),
    (' === "', ' !== "'), (' !== "', ' === "'), (" === undefined", " !== undefined"), (" && ", " || "),
    ("=> !row", "=> row"), ("=> row.", "=> !row."), ("a, b) => a.", "a, b) => b."), ("b.", "c."), ("(a, b)", "(b, a)"),
    ("[0];", "[1];"), ("slice(0, ", "slice(1, "), ("[...rows]", "rows"), (' ?? "', ' || "'), ("Math.max", "Math.min"),
    ("Math.min", "Math.max"), ("sum + ", "sum - "), ("?? 0) + 1", "?? 0) + 2"), ("?? 0)", "?? 1)"), (" ?? 0", ""),
    (", 0)", ", 1)"), ("rows.length === 0 ? 0 : ", ""), (" / rows.length", ""), ("new Set(", "("),
    (").size", ").length"), ("[...new Set(", "[...("),
    ('.join(", ")', '.join(",")'), (".reverse()", ""), ("...row, ", ""), ("rows.map", "rows.slice(1).map"),
    ("flatMap", "map"), (".find(", ".findLast("), (".some(", ".every("), (".every(", ".some("), ("groupBy", "keys"),
    ("fromEntries", "entries"), ("word.length", "word"), ("[...row.", "[row."), (".includes(", ".concat("),
    (".filter(", ".map("), (".localeCompare(", ".concat("), (").length", ")"), ("return ", "// "), ("return ", "void "),
)  # fmt: skip
DROPS = (
    r"\.filter\(\(row\) => [^)]*\)",
    r"\.map\(\(row\) => row\.\w+\)",
    r"\.slice\([^)]*\)",
    r"\(a, b\) => [^)]*",
    r"\.sort\(.*?\)(?=[.;\[])",
)


@pytest.fixture(scope="module")
def grader() -> TypeScriptGrader:
    """The grader of the item of this file, of which everything is graded in one go."""
    return TypeScriptGrader(scripts=SCRIPTS, run_s=0.5)


@pytest.fixture(scope="module")
def graded(grader: TypeScriptGrader) -> dict[str, Grade]:
    """The grades of all answers above, by answer; wrong and right ones stand between the hostile ones."""
    answers = [*RIGHT, *HOSTILE, *UNCHECKED, *ILL_TYPED, *WRONG, *MUTATING, *NO_BODIES, GOLD]
    return dict(zip(answers, grader.grade_all([ITEM] * len(answers), answers), strict=True))


@pytest.fixture(scope="module")
def items() -> list[Item]:
    """Generated items, four of every form."""
    return list(generate("test", count=4 * len(FORMS), seed=3))


@pytest.fixture(scope="module")
def scripts(items: Sequence[Item]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The calls of the generated items."""
    return {item.id: trials(item) for item in items}


def mutate(item: Item) -> Iterator[str]:
    """Answers that differ from gold by one slip."""
    for old, new in FLIPS:
        yield item.answer.replace(old, new, 1)
    for pattern in DROPS:
        yield re.sub(pattern, "", item.answer, count=1)
    for number in re.findall(r"\b\d+\b", item.answer):
        yield re.sub(rf"\b{number}\b", str(int(number) + 1), item.answer, count=1)
    names = [field.name for field in read_interface(item.context).fields]
    for name, other in zip(names, names[1:] + names[:1], strict=True):
        yield re.sub(rf"(?<=\.){name}\b", other, item.answer)
        yield re.sub(rf"\b{name}\b", other, item.answer)


def test_gold_answers_are_right(items: Sequence[Item], scripts: dict[str, tuple[tuple[str, ...], ...]]) -> None:
    """Every form's own answers pass their calls, are well typed, and are bodies."""
    grader = TypeScriptGrader(scripts=scripts)

    grades = grader.grade_all(items, [item.answer for item in items])

    assert {item.form for item in items} == set(FORMS)
    assert all(grade == Grade(scores={"tests": True, "types": True, "parses": True}) for grade in grades)


def test_slips_are_told_apart(items: Sequence[Item], scripts: dict[str, tuple[tuple[str, ...], ...]]) -> None:
    """Every body with one slip is wrong on some call."""
    grader = TypeScriptGrader(scripts=scripts)
    slips = [(item, answer) for item in items for answer in sorted(set(mutate(item)) - {item.answer})]

    grades = grader.grade_all([item for item, _ in slips], [answer for _, answer in slips])

    assert len(slips) > 1200
    assert {item.form for item, _ in slips} == set(FORMS)
    assert [case for case, grade in zip(slips, grades, strict=True) if grade.scores["tests"]] == []


@pytest.mark.parametrize("answer", RIGHT)
def test_equivalent_answers_are_right(graded: dict[str, Grade], answer: str) -> None:
    """Loops, other methods, local functions, comments and line breaks make no difference."""
    assert graded[answer] == Grade(scores={"tests": True, "types": True, "parses": True})


@pytest.mark.parametrize("answer", WRONG)
def test_other_results_are_wrong(graded: dict[str, Grade], answer: str) -> None:
    """Rows too many, another order, other kinds of value, or nothing returned."""
    assert graded[answer].scores["tests"] is False
    assert graded[answer].scores["parses"] is True
    assert graded[answer].problem


@pytest.mark.parametrize("answer", MUTATING)
def test_an_argument_is_left_as_it_was(graded: dict[str, Grade], answer: str) -> None:
    """A right result is not enough where the caller's rows are others afterwards."""
    assert graded[answer].scores == {"tests": False, "types": True, "parses": True}
    assert graded[answer].problem == "call 1: changes its argument"


@pytest.mark.parametrize("answer", UNCHECKED)
def test_what_switches_the_checker_off_is_ill_typed(graded: dict[str, Grade], answer: str) -> None:
    """It runs and is right, and its types are taken for unchecked whatever the compiler would say."""
    assert graded[answer].scores == {"tests": True, "types": False, "parses": True}


@pytest.mark.parametrize("answer", ILL_TYPED)
def test_what_the_compiler_refuses_is_ill_typed(graded: dict[str, Grade], answer: str) -> None:
    """A body is checked under --strict against its signature and interface."""
    assert graded[answer].scores["types"] is False
    assert graded[answer].scores["parses"] is True


@pytest.mark.parametrize("answer", NO_BODIES, ids=lambda answer: repr(answer[:20]))
def test_what_is_no_body_of_one_function_is_not_run(graded: dict[str, Grade], answer: str) -> None:
    """Cut off, closed early, more than one function, other modules, too long, too deep, or no text at all."""
    assert graded[answer].scores == {"tests": False, "types": False, "parses": False}
    assert graded[answer].problem


@pytest.mark.parametrize("answer", HOSTILE, ids=lambda answer: answer[:40])
def test_a_hostile_answer_is_wrong_and_raises_nothing(graded: dict[str, Grade], answer: str) -> None:
    """Without end, without measure, reaching out, or changing what its result is told with."""
    assert graded[answer].scores["tests"] is False
    assert graded[answer].problem


def test_hostile_answers_leave_the_others_alone(grader: TypeScriptGrader) -> None:
    """Right answers between those that end, block or change their process stay right, wrong ones wrong."""
    worst = [HOSTILE[0], HOSTILE[4], *(answer for answer in HOSTILE if "prototype" in answer or "stringify" in answer)]
    answers = [answer for bad in worst for answer in (bad, RIGHT[0], WRONG[0])]

    grades = grader.grade_all([ITEM] * len(answers), answers)

    assert [grade.scores["tests"] for grade in grades] == [False, True, False] * len(worst)


def test_what_is_refused_unseen_would_do_no_harm_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the reader, node, the realm and the compiler each refuse it, and the answers beside it are as right."""
    monkeypatch.setattr("expertkit.evaluation.graders.typescript.read_body", lambda _signature, _body: Reading())
    grader = TypeScriptGrader(scripts=SCRIPTS, run_s=0.5)
    bad = [
        *NO_BODIES,
        "}); for (;;) {} (function (): string[] { return [];",
        "}, globalThis.process.exit(0)); (function (): string[] { return [];",
        "return import('node:fs').catch((error) => error.constructor.constructor('return process')().exit(0));",
    ]

    grades = grader.grade_all([ITEM] * (len(bad) + 1), [*bad, RIGHT[0]])

    assert [grade.scores["tests"] for grade in grades] == [False] * len(bad) + [True]
    assert grades[-1].scores["types"]
    assert not any(grade.scores["types"] for grade in grades[:-1])


def test_an_endless_answer_costs_its_own_time_only() -> None:
    """It is stopped when it has used its time, and what comes after it is graded."""
    grader = TypeScriptGrader(scripts=SCRIPTS, run_s=0.3)
    started = time.monotonic()

    grades = grader.grade_all([ITEM] * 3, [ENDLESS, RIGHT[0], ENDLESS + " return [];"])

    assert [grade.problem for grade in grades] == ["takes more than 0.3 s", None, "takes more than 0.3 s"]
    assert time.monotonic() - started < 30


def test_an_answer_that_the_compiler_would_check_for_long_is_stopped() -> None:
    """The other answers are checked all the same."""
    grader = TypeScriptGrader(scripts=SCRIPTS, check_s=1.5)
    long = "type Of<N, A extends 1[] = []> = A['length'] extends N ? A : Of<N, [...A, 1]>; "
    long += " ".join(f"const all{size}: Of<{size}>['length'] = {size};" for size in range(970, 999))

    slow, quick = grader.grade_all([ITEM] * 2, [f"{long} {GOLD}", RIGHT[0]])

    assert slow.problem == "type check takes more than 1.5 s"
    assert slow.scores == {"tests": True, "types": False, "parses": True}
    assert quick.scores == {"tests": True, "types": True, "parses": True}


def test_the_verdict_on_types_is_that_of_the_compiler_on_its_command_line(tmp_path: Path) -> None:
    """Each body written to a file of its own, ``tsc --noEmit --strict`` finds fault with the same ones."""
    bodies = [body for body in (*RIGHT, *ILL_TYPED, *WRONG, *MUTATING) if read_body(SIGNATURE, body).problem is None]
    tools = find_tools()
    for number, body in enumerate(bodies):
        text = f"{CONTEXT} {{\n{body}\n}}\nexport {{}};\n"
        (tmp_path / f"body{number:02}.ts").write_text(text, encoding="utf-8")

    command = [tools.node, tools.compiler / "bin/tsc", "--noEmit", "--strict", "--target", "esnext", "--lib", "esnext"]
    done = subprocess.run(
        [*command, *sorted(tmp_path.glob("*.ts"))], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    faulty = {int(number) for number in re.findall(r"^body(\d+)\.ts\(", done.stdout, re.MULTILINE)}
    grades = TypeScriptGrader(scripts=SCRIPTS).grade_all([ITEM] * len(bodies), bodies)
    assert {number for number, grade in enumerate(grades) if not grade.scores["types"]} == faulty
    assert len(ILL_TYPED) < len(faulty) < len(bodies)


def test_one_answer_is_graded_like_many(grader: TypeScriptGrader) -> None:
    """Equal answers to equal items have equal grades, in the order in which they are asked about."""
    answers = [GOLD, WRONG[0], GOLD, WRONG[0]]

    grades = grader.grade_all([ITEM] * 4, answers)

    assert grades == [grader.grade(ITEM, answer) for answer in answers]
    assert [grade.scores["tests"] for grade in grades] == [True, False, True, False]


def test_undefined_is_no_null_and_no_gap() -> None:
    """A function that should return undefined returns nothing else, and one that should not does not."""
    context = "interface Client { name: string }\nfunction pick(rows: Client[]): Client | undefined"
    item = replace(ITEM, context=context, answer="return rows[0];")
    calls = [json.dumps({"argument": []}), json.dumps({"argument": [{"name": "a"}], "returns": {"name": "a"}})]
    grader = TypeScriptGrader(scripts={item.id: [calls]})
    answers = ["return undefined;", "return rows[0] ?? null;", "return rows.at(-1);", "return { name: rows[0]?.name };"]

    grades = grader.grade_all([item] * 4, answers)

    assert [grade.scores["tests"] for grade in grades] == [False, False, True, False]
    assert grades[0].problem == 'call 2: expected {"name": "a"}, got undefined'
    assert grades[1].problem == "call 1: expected undefined, got null"


def test_calls_are_read_from_json_lines(tmp_path: Path) -> None:
    """A file of trials makes a grader for its items."""
    path = tmp_path / "trials.jsonl"
    path.write_text(json.dumps({"id": ITEM.id, "scripts": SCRIPTS[ITEM.id]}) + "\n", encoding="utf-8")

    grader = TypeScriptGrader.from_file(path)

    assert grader.grade(ITEM, RIGHT[0]).scores["tests"]
    assert grader.metrics == ("tests", "types", "parses")


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (replace(ITEM, answer=WRONG[0]), "the gold answer of item 'test-1' is wrong: call 1"),
        (replace(ITEM, answer=ILL_TYPED[0]), "the gold answer of item 'test-1' is wrong: TS2339"),
        (replace(ITEM, answer=ENDLESS), "the gold answer of item 'test-1' is wrong: takes more"),
        (replace(ITEM, answer="}"), "the gold answer of item 'test-1' is wrong: answer does not parse"),
        (replace(ITEM, id="test-2"), "no calls for item 'test-2'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_broken_gold_is_the_callers_mistake(grader: TypeScriptGrader, item: Item, told: str) -> None:
    """An item without calls or with an answer that is wrong is an error, not a wrong answer."""
    with pytest.raises(ValueError, match=re.escape(told)):
        grader.grade(item, RIGHT[0])


def test_values_are_equal_by_kind_and_within_rounding() -> None:
    """True is no 1, a number no text, and only floats a rounding error apart are one."""
    values = (True, 1, "1", [1], {"a": 1}, [], {}, "", False, 0)

    equal = [(a, b) for a in values for b in values if same_value(a, b)]

    assert equal == [(value, value) for value in values]
    assert same_value({"a": [0.1 + 0.2], "b": 1}, {"b": 1.0, "a": [0.3]})
    assert not same_value([0.3], [0.3001])
    assert not same_value({"a": 1}, {"a": 1, "b": 1})
