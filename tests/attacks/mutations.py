"""Every check of signatures and trust taken out, one at a time: ``python -m tests.attacks.mutations [MODULE]...``.

In a copy of the sources each ``raise``, and each call of a check whose result is not used, is replaced by ``pass``, and
the tests of its module are run against the copy. Some test has to fail, or the check is one that nobody would miss.
Prints for each what the first failing test was; exits with 1 if any of them is missed by no test, unless it is known
here to be a second line behind another check.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import click

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src"
_PACKAGE = Path("expertkit")
_SIGNING = _PACKAGE / "signing"
_PACKAGES = ("signing/signatures", "vouching/proofs", "vouching/trust", "vouching/verify")
_CHECKS = ("check", "verify", "about")
_MATRIX = "tests/trust/test_matrix.py::test_verification_refuses_what_is_wrong_in_one_thing"
_NEARBY = ("tests/trust/test_checks.py", _MATRIX, "tests/attacks/test_forgeries.py")
"""What looks at everything at once, where the tests of a module alone miss nothing."""
_MORE = {
    "bundle": ["tests/packages/signing/test_signatures.py"], "canonical": ["tests/signing/test_dsse.py"],
    "legacy": ["tests/packages/test_legacy.py"], "signatures": ["tests/packages/signing/test_sign.py"],
    "trust": ["tests/cli/test_trust.py"], "verify": ["tests/packages/test_container_packages.py"],
}  # fmt: skip
"""What else looks at a module, beside the tests that have its name."""
_LONGEST_S = 300
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", re.MULTILINE)

_UNTOLD = ("signing/keys/hardware.py",)
"""Modules whose tests need a device or its imitation, which is not everywhere."""

KNOWN: dict[str, str] = {
    "signing/certificates/making.py:issue#4": "a second look at what was made of values that were checked before",
    "signing/certificates/making.py:make_root#1": "a second look at what was made of values that were checked before",
    "signing/transparency/note.py:decode#5": "a second look at what was read by pieces, each of which has one form",
    "packages/vouching/verify.py:_template#1": "the report was read before, and no template has the digest of none",
}
"""Checks that no test misses, each with what stands behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A check that can be taken out."""

    file: Path
    """From the folder of the sources."""
    line: int
    column: int
    name: str
    """Module, function, and which of its checks it is; lines move, this does not."""
    text: str

    def without(self, source: bytes) -> bytes:
        """The module without the check."""
        return ast.unparse(_Without(self).visit(ast.parse(source))).encode()


class _Without(ast.NodeTransformer):
    """Puts ``pass`` in the place of one statement."""

    def __init__(self, mutant: Mutant) -> None:
        self.at = (mutant.line, mutant.column)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Replace the statement, or look inside of it."""
        if isinstance(node, ast.Raise | ast.Expr) and (node.lineno, node.col_offset) == self.at:
            return ast.copy_location(ast.Pass(), node)
        return super().generic_visit(node)


def modules() -> list[Path]:
    """The files whose checks are taken out."""
    found = [path.relative_to(SOURCES) for path in sorted((SOURCES / _SIGNING).rglob("*.py"))]
    more = [_PACKAGE / f"{name}.py" for name in ("members/bundle", *(f"packages/{each}" for each in _PACKAGES))]
    return [path for path in (*found, *more) if str(path.relative_to(_PACKAGE)) not in _UNTOLD]


def mutants(file: Path, *, sources: Path = SOURCES) -> Iterator[Mutant]:
    """All checks of a module."""
    tree = ast.parse((sources / file).read_text())
    for function in _functions(tree):
        for number, node in enumerate(_checks_of(function), 1):
            name = f"{file.relative_to(_PACKAGE)}:{function.name}#{number}"
            text = " ".join(ast.unparse(node).split())
            yield Mutant(file=file, line=node.lineno, column=node.col_offset, name=name, text=text)


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def _checks_of(function: ast.FunctionDef) -> list[ast.stmt]:
    """Those that stand in a function itself, from top to bottom."""
    inner = {id(each) for node in _functions(function) if node is not function for each in ast.walk(node)}
    found = [node for node in ast.walk(function) if isinstance(node, ast.Raise | ast.Expr) and id(node) not in inner]
    return sorted(filter(_is_check, found), key=lambda node: (node.lineno, node.col_offset))


def _is_check(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise):
        return True
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    function = node.value.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name.lstrip("_").startswith(_CHECKS)


def tests_of(file: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tests that should notice first, and those that are asked when none of them did."""
    room, name = file.parent.relative_to(_PACKAGE), f"test_{file.stem}.py"
    own = [f"tests/{room}/{name}", *(["tests/signing/test_envelope.py"] if room == Path("signing") else [])]
    if room.parts[0] == "packages":  # whose own tests take minutes
        return _NEARBY, _there([*own, *_MORE.get(file.stem, [])])
    first = _there([*own, *_MORE.get(file.stem, [])])
    around = [] if room in {Path("signing"), Path("members")} else [f"tests/{room}"]
    return first, _there([*around, *_NEARBY])


def _there(tests: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in tests if (ROOT / each.partition("::")[0]).exists()))


def first_failing(sources: Path, tests: Sequence[str], *, without: Sequence[str] = ()) -> str | None:
    """The first test that fails with these sources; None where all pass."""
    failed = run_tests(sources, tests, "-x", *(f"--deselect={each}" for each in without))
    return failed[0] if failed else None


def run_tests(sources: Path, tests: Sequence[str], *options: str, longest_s: int = _LONGEST_S) -> list[str]:
    """Every test that fails with these sources."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *options, *tests]
    environment = os.environ | {"PYTHONPATH": str(sources), "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=longest_s
        )
    except subprocess.TimeoutExpired:
        return [f"none ended within {longest_s} s"]
    found = _FAILED.findall(done.stdout)
    return found or ([f"exit status {done.returncode}"] if done.returncode not in {0, 5} else [])


def judge(mutant: Mutant, sources: Path, *, without: Sequence[str]) -> str | None:
    """The first test that misses a check, in a copy of the sources that is as it was afterwards."""
    path = sources / mutant.file
    before = path.read_bytes()
    try:
        _write(path, mutant.without(before))
        for tests in tests_of(mutant.file):
            found = first_failing(sources, tests, without=without) if tests else None
            if found:
                return found
        return None
    finally:
        _write(path, before)


def _write(path: Path, data: bytes) -> None:
    """Change a module, and forget what was compiled of it."""
    path.write_bytes(data)
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def _tests(files: Sequence[Path]) -> tuple[str, ...]:
    """All that look at these modules."""
    return tuple(dict.fromkeys(test for file in files for tests in tests_of(file) for test in tests))


def main(names: Sequence[str]) -> int:
    """Take out every check, or those of the modules that are named, and give the exit status."""
    files = [file for file in modules() if not names or any(name in str(file) for name in names)]
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for number in range(os.cpu_count() or 1):
            copy = Path(folder, str(number))
            shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            copies.put(copy)
        found = [mutant for file in files for mutant in mutants(file, sources=copies.queue[0])]
        failing = run_tests(copies.queue[0], _tests(files), longest_s=10 * _LONGEST_S)
        for test in failing:
            click.echo(f"FAILS ANYWAY  {test}")

        def work(mutant: Mutant) -> str | None:
            copy = copies.get()
            try:
                return judge(mutant, copy, without=failing)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(copies.qsize()) as pool:
            survivors = sum(_tell(mutant, test) for mutant, test in zip(found, pool.map(work, found), strict=True))
    click.echo(f"{len(found)} checks taken out, {survivors} of them missed by no test and not known")
    return int(bool(survivors or failing))


def _tell(mutant: Mutant, test: str | None) -> bool:
    """Print what came of a mutant, and say whether that is wrong."""
    known = KNOWN.get(mutant.name)
    what = test or (f"known: {known}" if known else f"SURVIVES  line {mutant.line}: {mutant.text[:100]}")
    click.echo(f"{mutant.name:<60} {what}")
    return not test and not known


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
