"""What goes into a package: a positive list, so that nothing a training leaves behind can slip in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expertkit import bases, layout, strict_json
from expertkit.adapters import Adapter, check_fit
from expertkit.errors import (
    CompatibilityError,
    FormatError,
    IntegrityError,
    ManifestError,
    PackagingError,
    Problem,
)
from expertkit.fields import Place
from expertkit.files import dump_json, required, sha256_bytes
from expertkit.manifest import Manifest, loads
from expertkit.members.pickles import refuse_pickle
from expertkit.packages import carriers, names
from expertkit.packages.making.card import card
from expertkit.packages.making.description import describe, integrity
from expertkit.packages.making.provenance import provenance
from expertkit.packages.making.tokenizer import special_tokens, vocabulary
from expertkit.packages.report import Report
from expertkit.packages.weights import read_carrier
from expertkit.recipes import PackageConfig, Recipe
from expertkit.recipes.line import check_line
from expertkit.recorded import parse_recorded
from expertkit.sources import source_files

_MAX_TOKENIZER = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a package's members come from."""

    project: Path
    recipe: Recipe
    manifest: Manifest
    """The expert's own."""
    weights: Path
    """The folder with the adapter's files."""
    package: PackageConfig
    """How it is packed."""
    metrics: bytes
    """Bytes of the evaluation's metrics.json."""
    report: Report
    """The same as values."""

    @property
    def expert(self) -> Path:
        """The expert's folder."""
        return self.project / layout.EXPERTS / self.recipe.expert


def collect(sources: Sources) -> dict[str, bytes]:
    """Every member of the package by name.

    Raises:
        PackagingError: something is missing.
        IntegrityError: the evaluation was about another adapter.
        CompatibilityError: the base is missing, or is not the one the expert was made for.
        FormatError: a file is malformed, or may hold a pickle.
    """
    manifest = sources.manifest
    folder, fingerprint = bases.require(sources.recipe.base_model, sources.project)
    files = _adapter_files(sources)
    adapter = _decode_adapter(sources, files, base=folder)
    recipe = dump_json(sources.recipe.to_json())
    origin = provenance(
        sources.project, sources.recipe,
        recipe_digest=sha256_bytes(recipe), fingerprint=fingerprint, template_hash=sources.report.template_hash,
    )  # fmt: skip
    members = {
        **_expert_files(sources),
        **files,
        **_tokenizer_files(folder),
        **_report_file(sources),
        **_recorded(sources),
        names.EVALUATION: sources.metrics,
        names.RECIPE: recipe,
        names.PROVENANCE: dump_json(origin),
    }
    packed = describe(
        manifest, sources.recipe,
        fingerprint=fingerprint, report=sources.report, adapter=adapter, files=files,
    )  # fmt: skip
    for name, data in members.items():
        refuse_pickle(name, data[:16])
    own = _text(names.README, members.get(names.README, b""))
    members[names.README] = card(packed, sources.recipe.base, own=own, report=sources.report, provenance=origin)
    return {**members, names.MANIFEST: dump_json({**packed, "integrity": integrity(members)})}


def read_manifest(project: Path, recipe: Recipe) -> Manifest:
    """The expert's own manifest, which must be the one that the recipe was resolved from.

    Raises:
        PackagingError: it is missing, or of another name or version.
        CompatibilityError: the expert is not for the recipe's base.
        ManifestError: it asks for something that the line does not do, and did not when it was resolved.
    """
    path = project / layout.EXPERTS / recipe.expert / names.MANIFEST
    manifest = loads(required(path, hint=f"write {path}"), file=str(path))
    if (manifest.name, manifest.version) != (recipe.expert, recipe.version):
        got = f"{manifest.name} {manifest.version}"
        raise PackagingError(f"{path}: expected {recipe.expert} {recipe.version}, got {got}", hint="expert-cli recipes")
    if manifest.base(recipe.base) is None:
        found = ", ".join(entry.name for entry in manifest.base_models)
        raise CompatibilityError(f"{path}, base_models: expected {recipe.base!r} among them, got {found}")
    problems: list[Problem] = []
    check_line(manifest, Place(str(path), problems, is_json=True))
    if problems:
        raise ManifestError(problems)
    return manifest


def _adapter_files(sources: Sources) -> dict[str, bytes]:
    """The adapter's files, which must be the very ones that were evaluated."""
    recipe, folder = sources.recipe, sources.weights
    hint = f"expert-cli decompose --expert {recipe.expert} --base {recipe.base}"
    carrier, data = read_carrier(folder, hint=hint)
    rest = {name: required(folder / name, hint=hint) for name in (names.ADAPTER_CONFIG, names.TRAINING_ARGS)}
    digest = sha256_bytes(data)
    if digest != sources.report.adapter_digest:
        raise IntegrityError(
            f"{folder / carrier}: expected the evaluated adapter {sources.report.adapter_digest}, got {digest}",
            hint=f"expert-cli evaluate --expert {recipe.expert} --base {recipe.base}",
        )
    return {carrier: data, **rest}


def _decode_adapter(sources: Sources, files: Mapping[str, bytes], *, base: Path) -> Adapter:
    """The adapter, which must be sound and fit the base."""
    config = strict_json.loads(files[names.ADAPTER_CONFIG], file=str(sources.weights / names.ADAPTER_CONFIG))
    carrier = carriers.find(files, file=str(sources.weights))
    adapter = carriers.decode(carrier, files[carrier], config)
    check_fit(adapter, bases.linear_shapes(base), base=sources.recipe.base)
    return adapter


def _expert_files(sources: Sources) -> dict[str, bytes]:
    optional = (names.README, names.LICENSE, names.GRAMMAR)
    files = {name: (sources.expert / name).read_bytes() for name in optional if (sources.expert / name).is_file()}
    tests = sources.expert / "tests"
    if sources.package.include_tests and tests.is_dir():
        files |= {str(path.relative_to(sources.expert)): path.read_bytes() for path in source_files(tests)}
    return files


def _report_file(sources: Sources) -> dict[str, bytes]:
    """The page of the evaluation, where it was written."""
    path = sources.project / layout.EVALUATE / sources.recipe.key / names.REPORT
    return {names.REPORT: path.read_bytes()} if path.is_file() else {}


def _recorded(sources: Sources) -> dict[str, bytes]:
    """The answers that the evaluation recorded, where it did."""
    path = sources.project / layout.EVALUATE / sources.recipe.key / names.REPLAY
    if not path.is_file():
        return {}
    data = path.read_bytes()
    parse_recorded(data, file=str(path))
    return {names.REPLAY: data}


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{name}: expected UTF-8, got {error.reason}", offset=error.start) from error


def _tokenizer_files(base: Path) -> dict[str, bytes]:
    """The base's tokenizer, with the two files that are made from it."""
    hint = f"the base model in {base} needs a tokenizer"
    tokenizer, config = (required(base / name, hint=hint) for name in (names.TOKENIZER, names.TOKENIZER_CONFIG))
    return {
        names.TOKENIZER: tokenizer,
        names.TOKENIZER_CONFIG: config,
        names.SPECIAL_TOKENS: dump_json(special_tokens(_parse(names.TOKENIZER_CONFIG, config))),
        names.VOCABULARY: dump_json(vocabulary(_parse(names.TOKENIZER, tokenizer))),
    }


def _parse(name: str, data: bytes) -> Any:
    return strict_json.loads(data, file=name, max_bytes=_MAX_TOKENIZER)
