"""Jobs on what strangers wrote, done one after the other in a process that can reach nothing.

A job that ends its process, hangs or talks too much is lost by itself: the others go on in a new one. So every
job has a result, or a reason why it has none, whatever stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from expertkit.errors import DependencyError
from expertkit.evaluation.graders.typescript.process import Conversation, EndedError, Program, start
from expertkit.evaluation.graders.typescript.tools import INSTALL

_MOST_JOBS = 1500  # of one process; its memory grows with them
_START_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A job without a result."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """How far a process came."""

    results: Mapping[int, Any]
    at: int = -1
    """The job that it was on when it ended, -1 for none."""
    reason: str = "ended before it was done"


def do_jobs(program: Program, jobs: Sequence[Any]) -> list[Any]:
    """The result of every job or why it is ``Lost``, in their order; jobs and results are JSON values.

    Raises:
        DependencyError: node does not start.
    """
    results: dict[int, Any] = {}
    waiting: list[Sequence[int]] = [range(len(jobs))[at : at + _MOST_JOBS] for at in range(0, len(jobs), _MOST_JOBS)]
    while waiting:
        batch = waiting.pop()
        attempt = _attempt(program, [jobs[number] for number in batch])
        results |= {batch[at]: result for at, result in attempt.results.items()}
        waiting += _divide(batch, attempt, results)
    return [results[number] for number in range(len(jobs))]


def _divide(batch: Sequence[int], attempt: _Attempt, results: dict[int, Any]) -> Iterator[list[int]]:
    """What is still to be done of a batch, after the job at fault was noted as lost.

    Where nobody can say whose fault it was, halves are tried, down to a job that is alone.
    """
    left = [number for number in batch if number not in results]
    guilty = [batch[attempt.at]] if attempt.at >= 0 else left if len(left) == 1 else []
    if guilty:
        results[guilty[0]] = Lost(reason=attempt.reason)
        left.remove(guilty[0])
    middle = len(left) if guilty else len(left) // 2
    yield from (part for part in (left[:middle], left[middle:]) if part)


def _attempt(program: Program, jobs: Sequence[Any]) -> _Attempt:
    with start(program) as talk:
        talk.say(jobs)
        try:
            talk.hear(job_s=_START_S)
        except EndedError as error:
            raise DependencyError(f"{program.script.name}: node does not start: {error}", hint=INSTALL) from error
        talk.lock_up(jobs=len(jobs))
        return _listen(talk, program, jobs=len(jobs))


def _listen(talk: Conversation, program: Program, *, jobs: int) -> _Attempt:
    """What the process says until it has done all jobs, ends, or says something else."""
    results: dict[int, Any] = {}
    at = -1
    while len(results) < jobs:
        try:
            message = talk.hear(job_s=program.job_s)
        except EndedError as error:
            return _Attempt(results=results, at=at, reason=str(error))
        match message:
            case [int(number)] if -1 <= number < jobs and number not in results:
                at = number
            case [int(number), result] if number == at != -1:
                results[number] = result
                at = -1
            case _:
                return _Attempt(results=results, at=at, reason="says what it was not asked")
    return _Attempt(results=results)
