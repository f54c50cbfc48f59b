"""Grading TypeScript: an answer is right if the function that it is the body of returns what each call should.

Answers come from models and from strangers' experts. They are read here, and run and type-checked in processes of
their own (``worker``) that never learn what is expected: what a function returned is compared here. So an
answer can say what it returned and nothing else, about itself or about others.

A function has to leave its argument as it was. An answer is also held to the type checker, ``tsc --strict``, in
which it must not switch anything off (``syntax``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from expertkit.data.items import Item
from expertkit.evaluation.graders import Grade, Grader
from expertkit.evaluation.graders.typescript.outcomes import find_wrong_call
from expertkit.evaluation.graders.typescript.process import Program
from expertkit.evaluation.graders.typescript.syntax import Reading, read_body
from expertkit.evaluation.graders.typescript.tools import Tools, find_tools
from expertkit.evaluation.graders.typescript.worker import Lost, do_jobs

_HERE = Path(__file__).resolve().parent
_PLAINLY = ("--no-opt", "--no-maglev")
"""A function that runs for a millisecond has no use for the compilers that attacks on V8 begin with."""


Case = tuple[Item, str]
"""An item and an answer to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeScriptGrader(Grader):
    """Runs answers on the calls of their items."""

    metrics: ClassVar[tuple[str, ...]] = ("tests", "types", "parses")
    """Whether every call returns what it should, whether the compiler finds nothing wrong, whether it is one body."""

    scripts: Mapping[str, Sequence[Sequence[str]]]
    """By item id: the scripts of its trials, each some calls as JSON."""
    tools: Tools = field(default_factory=find_tools)
    run_s: float = 2.0
    """Processor seconds that the calls of one answer may take."""
    check_s: float = 5.0
    """Processor seconds that type-checking one answer may take."""
    _proven: set[Item] = field(default_factory=set, repr=False, compare=False)
    """The items whose own answer was seen to be right."""

    @classmethod
    def from_file(cls, path: Path) -> TypeScriptGrader:
        """The grader for the items whose trials stand in this JSON Lines file.

        Raises:
            DependencyError: node or the compiler is missing.
        """
        with path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return cls(scripts={row["id"]: row["scripts"] for row in rows})

    def grade(self, item: Item, answer: str) -> Grade:
        """The verdicts on ``answer``; ``grade_all`` is much faster for many."""
        return self.grade_all([item], [answer])[0]

    def grade_all(self, items: Sequence[Item], answers: Sequence[str]) -> list[Grade]:
        """The verdicts on as many answers as items, in their order.

        Raises:
            ValueError: An item has no calls, or its own answer is wrong: not the answer's fault.
            DependencyError: node does not start.
        """
        self._prove_gold(items)
        cases = list(zip(items, answers, strict=True))
        others = list(dict.fromkeys((item, answer) for item, answer in cases if answer != item.answer))
        grades = dict(zip(others, self._judge(others), strict=True))
        right = Grade(scores=dict.fromkeys(self.metrics, True))
        return [grades.get(case, right) for case in cases]

    def _prove_gold(self, items: Sequence[Item]) -> None:
        """See that the items' own answers are right, apart from all others, which so cannot make them wrong."""
        unknown = [item for item in dict.fromkeys(items) if item not in self._proven]
        missing = next((item for item in unknown if not any(self.scripts.get(item.id, ()))), None)
        if missing:
            raise ValueError(f"no calls for item {missing.id!r}")
        for item, grade in zip(unknown, self._judge([(item, item.answer) for item in unknown]), strict=True):
            if grade.problem:
                raise ValueError(f"the gold answer of item {item.id!r} is wrong: {grade.problem}")
            self._proven.add(item)

    def _judge(self, cases: Sequence[Case]) -> list[Grade]:
        """The verdicts on answers, all run in one go and checked in another."""
        readings = [read_body(_signature(item), answer) for item, answer in cases]
        bodies = [at for at, reading in enumerate(readings) if reading.problem is None]
        checked = [at for at in bodies if readings[at].unchecked is None]
        wrong = dict(zip(bodies, self._run([cases[at] for at in bodies]), strict=True))
        ill_typed = dict(zip(checked, self._check([cases[at] for at in checked]), strict=True))
        return [
            _grade(reading, wrong=wrong.get(at), ill_typed=ill_typed.get(at, reading.unchecked))
            for at, reading in enumerate(readings)
        ]

    def _run(self, cases: Sequence[Case]) -> list[str | None]:
        """For each answer, which call returned something else; None where all are right."""
        calls = [[json.loads(call) for script in self.scripts[item.id] for call in script] for item, _ in cases]
        jobs = [
            {
                "source": f"({_signature(item)} {{\n{answer}\n}})",
                "calls": [json.dumps(call["argument"]) for call in asked],
            }
            for (item, answer), asked in zip(cases, calls, strict=True)
        ]
        program = Program(
            node=self.tools.node,
            script=_HERE / "run.cjs",
            reads=(_HERE,),
            heap_mib=256,
            job_s=self.run_s,
            flags=_PLAINLY,
        )
        results = do_jobs(program, jobs) if jobs else []
        return [find_wrong_call(asked, result) for asked, result in zip(calls, results, strict=True)]

    def _check(self, cases: Sequence[Case]) -> list[str | None]:
        """For each answer, what the compiler says first; None where it says nothing."""
        jobs = [{"head": item.context, "body": answer} for item, answer in cases]
        reads = (_HERE, self.tools.compiler)
        program = Program(
            node=self.tools.node, script=_HERE / "check.cjs", reads=reads, heap_mib=1024, job_s=self.check_s
        )
        results = do_jobs(program, jobs) if jobs else []
        return [f"type check {said.reason}" if isinstance(said, Lost) else said for said in results]


def _signature(item: Item) -> str:
    """The last line of the context; what is declared stands before it."""
    return item.context.rpartition("\n")[2]


def _grade(reading: Reading, *, wrong: str | None, ill_typed: str | None) -> Grade:
    if reading.problem:
        return Grade(scores={"tests": False, "types": False, "parses": False}, problem=reading.problem)
    scores = {"tests": wrong is None, "types": ill_typed is None, "parses": True}
    return Grade(scores=scores, problem=wrong or ill_typed)
