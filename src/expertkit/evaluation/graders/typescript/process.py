"""A node process that can reach nothing, and the lines of JSON to and from it.

It gets its jobs, says when it has loaded what it needs, and is locked up before it begins; ``protocol.cjs`` is its
side of the conversation.

**What holds.** node's permission model lets it read the folders that it is made of, and nothing else: no writing,
no programs, no threads, no addons, no debugger. Text is never made into code. The environment is empty, the
working folder empty and new; it has no terminal, and its process group is killed as a whole. Once it is
locked up it can open nothing any more (``RLIMIT_NOFILE`` 0): no file, no connection, no pipe. That closes the network,
which the permission model of node 24 leaves open. It can write no file, dump no core, start no process or thread,
and has bounds on memory and processor time. Where root started it, who may end what is not its own, it is nobody.

**What does not.** It is a process in the same kernel, as somebody else's for root and as their own for others: who
breaks out of V8 into machine code can signal the user's processes, and read what is mapped into it. No
expected result is.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

_FLAGS = (
    "--permission", "--no-addons", "--disable-sigusr1", "--disable-warning=ExperimentalWarning",
    "--disallow-code-generation-from-strings",
)  # fmt: skip
_LONGEST_LINE = 1 << 20  # bytes
_SILENCE_S, _SLICE_MS = 60, 100
_KIB, _MIB = 1 << 10, 1 << 20
_CAP_KILL = 1 << 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A script of this folder, and what it may use."""

    node: Path
    script: Path
    reads: tuple[Path, ...]
    """The folders that it consists of; the last of them is the script's argument."""
    heap_mib: int
    """Memory for its values; and twice as much for all else that it takes when it has begun."""
    job_s: float
    """Processor seconds of one job: its own time, which a busy computer does not change."""
    flags: tuple[str, ...] = ()
    """Further ones, for node."""

    @property
    def command(self) -> list[str]:
        """Its command line."""
        allowed = [f"--allow-fs-read={folder}/*" for folder in self.reads]
        heap = f"--max-old-space-size={self.heap_mib}"
        return [str(self.node), *_FLAGS, *self.flags, *allowed, heap, str(self.script), str(self.reads[-1])]


class EndedError(Exception):
    """The process has ended, or has to be."""


class Conversation:
    """What is said to a process and heard from it."""

    def __init__(self, process: subprocess.Popen[bytes], program: Program) -> None:
        self._pid, self._program = process.pid, program
        self._input, self._output = (cast("IO[bytes]", pipe).fileno() for pipe in (process.stdin, process.stdout))
        self._heard = b""

    def say(self, value: Any) -> None:
        """Send one line; that a process is gone is noticed when it is listened to."""
        line = json.dumps(value).encode() + b"\n"
        with suppress(BrokenPipeError):
            while line:
                line = line[os.write(self._input, line) :]

    def hear(self, *, job_s: float) -> Any:
        """The next line.

        Raises:
            EndedError: there is none within ``job_s`` of the process's time, or within a minute more of anybody's.
        """
        while b"\n" not in self._heard:
            self._wait(job_s)
            chunk = os.read(self._output, _LONGEST_LINE)
            if not chunk:
                raise EndedError("ended before it was done")
            self._heard += chunk
            if len(self._heard) > _LONGEST_LINE:
                raise EndedError("says too much")
        line, _, self._heard = self._heard.partition(b"\n")
        try:
            return json.loads(line)
        except (ValueError, RecursionError) as error:
            raise EndedError("says what is no JSON") from error

    def lock_up(self, *, jobs: int) -> None:
        """Take from the process, which has all that it needs, what it could do harm with, and let it begin."""
        memory = _status(self._pid, "VmData") * _KIB + 2 * self._program.heap_mib * _MIB
        limits = {
            resource.RLIMIT_NOFILE: 0,
            resource.RLIMIT_NPROC: 0,
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_DATA: memory,
            resource.RLIMIT_CPU: math.ceil(self._program.job_s * (jobs + 10)),  # for when nobody is left to kill it
        }
        with suppress(ProcessLookupError):
            for limit, value in limits.items():
                resource.prlimit(self._pid, limit, (value, value))
        self.say("step down" if may_kill_anybody() else "begin")

    def _wait(self, job_s: float) -> None:
        """Until there is something to read."""
        since, used = time.monotonic(), None
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        while not poll.poll(_SLICE_MS):
            used = _processor_s(self._pid) if used is None else used
            if _processor_s(self._pid) - used > job_s:
                raise EndedError(f"takes more than {job_s:g} s")
            if time.monotonic() - since > _SILENCE_S + job_s:
                raise EndedError("does nothing")


@contextmanager
def start(program: Program) -> Iterator[Conversation]:
    """A process, which ends with the block, with everything that it started."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            program.command, cwd=folder, env={}, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield Conversation(process, program)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(BrokenPipeError):
                process.communicate()


def _processor_s(pid: int) -> float:
    """The processor time that a process has used, as its line in /proc says."""
    user, system = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def may_kill_anybody() -> bool:
    """Whether this is root, who can also end a process that has become somebody else's."""
    return os.geteuid() == 0 and bool(_status("self", "CapEff", base=16) & _CAP_KILL)


def _status(pid: int | str, name: str, *, base: int = 10) -> int:
    """A number of a process, or 0 where it is gone; sizes are in KiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(rf"^{name}:\s*(\w+)", status, re.MULTILINE)
    return int(found[1], base) if found else 0
