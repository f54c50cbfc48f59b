"""The folders of ``experts/``: their manifests, and the files that a manifest speaks of."""

from __future__ import annotations

from pathlib import Path

from expertkit.errors import FormatError, ManifestError, Problem
from expertkit.fields import Place, show
from expertkit.manifest import Manifest, loads

FOLDER = Path("experts")


def expert_names(project: Path) -> tuple[str, ...]:
    """The experts of a project."""
    return tuple(sorted(path.parent.name for path in (project / FOLDER).glob("*/manifest.json")))


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
        place.wrong("strict JSON", str(error).removeprefix(f"{file}: "))
    else:
        _check_files(manifest, folder, place)
        return manifest
    return None


def _check_files(manifest: Manifest, folder: Path, place: Place) -> None:
    if manifest.name != folder.resolve().name:
        place.at("name").wrong(f"the folder's name {folder.resolve().name!r}", show(manifest.name))
    decoding = manifest.training.decoding
    wanted = {"evaluation.test_cases": manifest.evaluation.test_cases}
    if decoding is not None and decoding.grammar_file is not None:
        wanted["training.decoding.grammar_file"] = decoding.grammar_file
    wanted |= {f"soft_prompts[{index}].path": prompt.path for index, prompt in enumerate(manifest.soft_prompts)}
    for key, name in wanted.items():
        if not (folder / name).is_file():
            place.at(key).wrong("a file of the expert's folder", f"{name}, which is not there")
