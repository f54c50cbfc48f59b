"""The folders of ``experts/``: their manifests, and the files that a manifest speaks of."""

from __future__ import annotations

from pathlib import Path

from expertkit import layout
from expertkit.errors import FormatError, ManifestError, Problem
from expertkit.fields import Place, show
from expertkit.manifest import Manifest, loads

README, LICENSE, GRAMMAR, TESTS = "README.md", "LICENSE", "grammar.gbnf", "tests"
"""What an expert of a project has beside its manifest. Stages depend on each by name: the folder holds outputs too."""


def expert_names(project: Path) -> tuple[str, ...]:
    """The experts of a project."""
    return tuple(sorted(path.parent.name for path in (project / layout.EXPERTS).glob("*/manifest.json")))


def check_folder(folder: Path) -> Manifest:
    """The manifest of an expert's folder, which must have everything that it speaks of.

    Raises:
        ManifestError: all problems at once.
    """
    problems: list[Problem] = []
    manifest = find_manifest(folder, str(folder / "manifest.json"), problems)
    if manifest is None or problems:
        raise ManifestError(problems)
    return manifest


def find_manifest(folder: Path, file: str, problems: list[Problem]) -> Manifest | None:
    """The manifest of an expert's folder, called ``file`` in problems, or None with problems added."""
    path, place = folder / "manifest.json", Place(file, problems)
    if not path.is_file():
        place.wrong("a manifest", "no such file")
        return None
    try:
        manifest = loads(path.read_bytes(), file=file)
    except ManifestError as error:
        problems.extend(error.problems)
    except FormatError as error:
        expected, _, got = str(error).removeprefix(f"{file}: expected ").partition(", got ")
        place.wrong(expected, got)
    else:
        _check_files(manifest, folder, place)
        return manifest
    return None


def _check_files(manifest: Manifest, folder: Path, place: Place) -> None:
    if manifest.name != folder.resolve().name:
        place.at("name").wrong(f"the folder's name {folder.resolve().name!r}", show(manifest.name))
    for name in (README, LICENSE, GRAMMAR):
        if not (folder / name).is_file():
            place.wrong(f"{name} beside it", "no such file")
    decoding = manifest.training.decoding
    if decoding is not None and decoding.grammar_file not in {None, GRAMMAR}:
        place.at("training.decoding.grammar_file").wrong(repr(GRAMMAR), show(decoding.grammar_file))
    cases = manifest.evaluation.test_cases
    if not cases.startswith(f"{TESTS}/") or not (folder / cases).is_file():
        place.at("evaluation.test_cases").wrong(f"a file of the expert's {TESTS}/", show(cases))
    if manifest.soft_prompts:
        place.at("soft_prompts").wrong("none: only adapters are made", show(manifest.soft_prompts[0].name))
