"""The folders of ``experts/``: their manifests, and the files that a manifest speaks of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from expertkit import layout, strict_json
from expertkit.errors import FormatError, ManifestError, Problem
from expertkit.fields import Place, show
from expertkit.files import open_regular, real_path
from expertkit.manifest import Manifest, Reading, load
from expertkit.recipes.line import check_line, weakest_layer

README, LICENSE, GRAMMAR, TESTS = "README.md", "LICENSE", "grammar.gbnf", "tests"
"""What an expert of a project has beside its manifest. Stages depend on each by name: the folder holds outputs too."""


_BESIDE = "a file beside the manifest"


def expert_names(project: Path) -> tuple[str, ...]:
    """The experts of a project."""
    return tuple(sorted(path.parent.name for path in (project / layout.EXPERTS).glob("*/manifest.json")))


def read_text(path: Path) -> bytes:
    """The bytes of a manifest's file, or of one that is too long the first that show it."""
    with open_regular(path) as file:
        return file.read(strict_json.MAX_BYTES + 1)


def check_folder(folder: Path, *, compatible: bool = False) -> Reading:
    """The manifest of an expert's folder, which must have every file that it names.

    Args:
        folder: the expert's; of this project, unless ``compatible``.
        compatible: whether it is somebody else's: the manifest is read so, and the line asks for nothing more.

    Raises:
        ManifestError: all problems at once.
    """
    problems: list[Problem] = []
    file = str(folder / "manifest.json")
    reading = _find(folder, file, problems, compatible=compatible)
    if reading is not None and not compatible:
        weakest_layer(reading.manifest, Place(file, problems, is_json=True))
    if reading is None or problems:
        raise ManifestError(problems)
    return reading


def find_manifest(folder: Path, file: str, problems: list[Problem]) -> Manifest | None:
    """The manifest of an expert of this project, called ``file`` in problems, or None with problems added."""
    reading = _find(folder, file, problems, compatible=False)
    return None if reading is None else reading.manifest


def _find(folder: Path, file: str, problems: list[Problem], *, compatible: bool) -> Reading | None:
    """The manifest in a folder, with the problems of the files that it names, and of what the line asks of ours."""
    reading = _read(folder, file, problems, compatible=compatible)
    if reading is not None:
        warnings: list[Problem] = []
        place = Place(file, problems, is_json=True, warnings=warnings if compatible else None)
        if not compatible:
            _check_asked(reading.manifest, folder, place)
        _check_named(reading.manifest, folder, place)
        return replace(reading, warnings=(*reading.warnings, *warnings))
    return None


def _read(folder: Path, file: str, problems: list[Problem], *, compatible: bool) -> Reading | None:
    path, place = folder / "manifest.json", Place(file, problems)
    if not path.is_file():
        place.wrong("a manifest", "no such file")
        return None
    try:
        return load(read_text(path), file=file, compatible=compatible)
    except ManifestError as error:
        problems.extend(error.problems)
    except FormatError as error:
        if error.problem is None:
            raise
        problems.append(error.problem)
    return None


def _check_named(manifest: Manifest, folder: Path, place: Place) -> None:
    """Note the files that a manifest names and that are not there."""
    for keys, name in manifest.needed_files.items():
        if not _holds(folder, name):
            place.at(*keys).wrong(_BESIDE, show(name))
    cases = manifest.evaluation.test_cases if manifest.evaluation else None
    if cases is not None and not _holds(folder, cases):
        place.at("evaluation", "test_cases").deviates(_BESIDE, show(cases))  # tests need not travel with an expert


def _holds(folder: Path, name: str) -> bool:
    """Whether a folder has a file of that name in it, not by a way that leads out of it."""
    if not name.isprintable():
        return False
    path = real_path(folder / name)
    return path.is_file() and path.is_relative_to(real_path(folder))


def _check_asked(manifest: Manifest, folder: Path, place: Place) -> None:
    """Note what the line asks for and does not find."""
    check_line(manifest, place)
    called = real_path(folder).name
    if manifest.name != called:
        place.at("name").wrong(f"the folder's name {called!r}", show(manifest.name))
    for name in (README, LICENSE, GRAMMAR):
        if not (folder / name).is_file():
            place.wrong(f"{name} beside it", "no such file")
    decoding = manifest.training.decoding
    if decoding is not None and decoding.grammar_file not in {None, GRAMMAR}:
        place.at("training", "decoding", "grammar_file").wrong(repr(GRAMMAR), show(decoding.grammar_file))
    cases = manifest.evaluation.test_cases if manifest.evaluation else None
    if not cases or not cases.startswith(f"{TESTS}/"):
        place.at("evaluation", "test_cases").wrong(f"a file of the expert's {TESTS}/", show(cases))
