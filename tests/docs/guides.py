"""Guides that are followed: pages whose blocks are typed, in their order, and print what they show.

A ``console`` block is typed line by line; output that is shown is compared, with ``...`` for what differs from one
computer to another. ``python`` blocks of a page are one program; a ``text`` block right after one is what it prints.
Of ``yaml``, which is for params.yaml, the tests of a page take care. Whatever is not run says why, in the line before:
``<!-- not run: reason -->``.
"""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_FENCE = re.compile(r"^\s*```", re.MULTILINE)
_COMMANDS = re.compile(r"^\$ ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    line: int
    """Of its fence, the first line of a page being 1."""
    reason: str | None
    """Why it is not run; None where it is."""
    shown: str | None = None
    """What a program prints, where the page shows it."""


def blocks(page: str) -> Iterator[Block]:
    """Those of a page, each program with its output."""
    found = list(_BLOCK.finditer(page))
    for at, match in enumerate(found):
        after = found[at + 1] if at + 1 < len(found) else None
        shown = after["text"] if after and _prints(page, match, after) else None
        if at and _prints(page, found[at - 1], match):
            continue
        line = page[: match.start("text")].count("\n")
        yield Block(language=match["language"], text=match["text"], line=line, reason=match["reason"], shown=shown)


def unrun(page: str) -> Iterator[str]:
    """A line for each block that nobody would run and that does not say why."""
    if len(_FENCE.findall(page)) != 2 * len(_BLOCK.findall(page)):
        yield "expected every fence at the beginning of a line, in pairs"
    for block in blocks(page):
        if block.reason is None and block.language not in {"console", "python", "yaml"}:
            yield f"line {block.line}: expected console, python, yaml or a reason, got {block.language or 'nothing'!r}"
        elif block.reason is None and block.language == "console" and not block.text.startswith("$ "):
            yield f"line {block.line}: expected a command first, got output"


def follow(page: Path, folder: Path, *, environment: Mapping[str, str]) -> int:
    """Do all that a page says in a folder; give how many blocks that were."""
    names: dict[str, Any] = {"__name__": "__main__"}
    done = 0
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.reason is None and block.language == "console":
            _type(block, page=page.name, folder=folder, environment=environment)
        elif block.reason is None and block.language == "python":
            _execute(block, page=page.name, folder=folder, names=names)
        done += block.reason is None
    return done


def matches(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed: ``...`` is anything in a line, and alone in one it is any lines."""
    return re.fullmatch(pattern(shown), printed) is not None


def pattern(shown: str) -> str:
    """What matches it, as a regular expression."""
    lines = re.sub(r"^\.\.\.\n", "\0", shown, flags=re.MULTILINE)
    return re.escape(lines).replace("\0", r"(?:[^\n]*\n)*?").replace(re.escape("..."), r"[^\n]*?")


def _prints(page: str, program: re.Match[str], after: re.Match[str]) -> bool:
    """Whether a block is the output of the one before it."""
    between = page[program.end() : after.start()]
    return program["language"] == "python" and after["language"] == "text" and not between.strip()


def _type(block: Block, *, page: str, folder: Path, environment: Mapping[str, str]) -> None:
    for part in _COMMANDS.split(block.text)[1:]:
        command, _, shown = part.partition("\n")
        done = subprocess.run(
            ["sh", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{page}:{block.line}: {command}: exit status {done.returncode}\n{done.stdout}"
        assert not shown or matches(shown, done.stdout), f"{page}:{block.line}: {command}: got\n{done.stdout}"


def _execute(block: Block, *, page: str, folder: Path, names: dict[str, Any]) -> None:
    program = compile("\n" * block.line + block.text, page, "exec")
    printed = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(program, names)  # noqa: S102  # a page of ours
    shown = block.shown or ""
    assert matches(shown, printed.getvalue()), f"{page}:{block.line}: got\n{printed.getvalue()}"
