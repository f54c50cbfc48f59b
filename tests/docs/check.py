"""Whether the documents are true of the code: ``python -m tests.docs.check`` from the project's root.

Lists everything that is wrong and exits with 1 if anything is. Looks at the documents in the root and in
docs/: the generated pages, links, the README's length, and the commands that it tells people to
type. What those commands print is checked by the tests.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from expertkit.cli.main import main as group
from tests.docs.make import PAGES, ROOT

README_LINES = 120

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_ADDRESS = re.compile(r"[a-z]+:")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TARGET = re.compile(r"^([a-z][\w-]*):(?!=)", re.MULTILINE)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def main() -> int:
    """Print what is wrong and give the exit status."""
    found = problems(ROOT)
    for problem in found:
        click.echo(problem, err=True)
    return int(bool(found))


def problems(root: Path) -> list[str]:
    """Everything that is wrong with the documents of the project in ``root``."""
    return [*_stale_pages(root), *_long_readme(root), *_dead_links(root), *_unknown_commands(root)]


def typed_commands(text: str) -> Iterator[list[str]]:
    """The words of each command in the ``sh`` and ``console`` blocks of a document."""
    for language, block in _FENCED.findall(text):
        lines = block.splitlines()
        if language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        if language in {"sh", "console"}:
            for line in lines:
                yield from _simple_commands(line)


def _stale_pages(root: Path) -> Iterator[str]:
    for page, render in PAGES.items():
        path = root / page
        if not path.is_file() or path.read_text(encoding="utf-8") != render():
            yield f"{page}: expected what the code says about itself, got something else; make docs"


def _long_readme(root: Path) -> Iterator[str]:
    lines = len((root / "README.md").read_text(encoding="utf-8").splitlines())
    if lines > README_LINES:
        yield f"README.md: expected at most {README_LINES} lines, got {lines}"


def _dead_links(root: Path) -> Iterator[str]:
    below = (path for folder in ("docs", "examples") for path in sorted((root / folder).rglob("*.md")))
    for document in [*sorted(root.glob("*.md")), *below]:
        text = document.read_text(encoding="utf-8")
        for link in _LINK.findall(_FENCED.sub("", text)):
            if not _ADDRESS.match(link) and (wrong := _what_is_missing(document, link)):
                yield f"{document.relative_to(root)}: {link}: {wrong}"


def _what_is_missing(document: Path, link: str) -> str | None:
    path, _, anchor = link.partition("#")
    target = document.parent / path if path else document
    if not target.exists():
        return "expected a file, got no such file"
    if anchor and anchor not in _anchors(target):
        return "expected a heading, got no such heading"
    return None


def _anchors(document: Path) -> set[str]:
    """The headings, as links write them."""
    headings = _HEADING.findall(_FENCED.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _unknown_commands(root: Path) -> Iterator[str]:
    targets = set(_TARGET.findall((root / "Makefile").read_text(encoding="utf-8")))
    for words in typed_commands((root / "README.md").read_text(encoding="utf-8")):
        wrong: Sequence[str] = ()
        if words[0] == "make":
            wrong = [word for word in words[1:] if word not in targets and not _ASSIGNMENT.match(word)]
        elif words[0] == "expert-cli":
            wrong = _unknown_words(words[1:])
        yield from (f"README.md: {' '.join(words)}: expected something that exists, got {word!r}" for word in wrong)


def _unknown_words(words: Sequence[str]) -> list[str]:
    """The verbs and options of an expert-cli command that it does not have."""
    context, rest = click.Context(group), list(words)
    while isinstance(context.command, click.Group) and rest and not rest[0].startswith("-"):
        found = context.command.get_command(context, rest[0])
        if found is None:
            return rest[:1]
        context, rest = click.Context(found, parent=context), rest[1:]
    known = {option for param in context.command.get_params(context) for option in param.opts}
    return [word for word in rest if word.startswith("-") and word.partition("=")[0] not in known]


def _simple_commands(line: str) -> Iterator[list[str]]:
    """The commands of a shell line, without comments, assignments and the words of a loop."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word in {";", "&&", "||", "|", "&"}:
            if words:
                yield words
            words = []
        elif words or not (word in {"do", "done", "then"} or _ASSIGNMENT.match(word)):
            words.append(word)


if __name__ == "__main__":
    raise SystemExit(main())
