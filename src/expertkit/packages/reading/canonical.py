"""Packages of our own form: everything that can be checked without knowing who vouches for it (docs/packaging.md)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from expertkit import strict_json
from expertkit.adapters import Shape
from expertkit.errors import FormatError, IntegrityError
from expertkit.manifest import Manifest, load
from expertkit.members.contents import Contents, Form
from expertkit.members.names import SIGNATURE
from expertkit.members.pickles import refuse_pickle
from expertkit.packages import carriers, names
from expertkit.packages.names import EVALUATION, MANIFEST
from expertkit.packages.reading.checked import Checked
from expertkit.packages.reading.forms import LARGEST, require, scan
from expertkit.packages.reading.presence import check_presence, check_required
from expertkit.packages.reading.tensors import Tensors, describe_entry
from expertkit.packages.report import Evaluation, parse_evaluation
from expertkit.packages.sidecar import check_sidecar
from expertkit.recorded import parse_recorded

_OBJECTS = frozenset({
    names.ADAPTER_CONFIG, EVALUATION, MANIFEST, names.PROVENANCE, names.RECIPE, names.SPECIAL_TOKENS, names.TOKENIZER,
    names.TOKENIZER_CONFIG, names.TRAINING_ARGS, names.VOCABULARY,
})  # fmt: skip
"""Members that are one JSON object."""
_READ = frozenset({names.ADAPTER_CONFIG, names.PROVENANCE, names.RECIPE, names.TRAINING_ARGS})
"""Those of them that are parsed here, besides the manifest and the evaluation."""
_KEPT = frozenset({MANIFEST, SIGNATURE, EVALUATION, names.REPLAY}) | _READ


def open_canonical(path: Path, *, compatible: bool = False) -> Checked:
    """Check everything about a package but its signature.

    Args:
        path: the package.
        compatible: whether to put up with what older manifests contain.

    Raises:
        FormatError: the file, a name, the set of members, a recorded answer or an adapter is not what a package has.
        ManifestError: its manifest is wrong, or names a file that is not there.
        IntegrityError: a member is not the one that the manifest, the evaluation or the sidecar is about.
    """
    form = require(path)
    check_sidecar(path, largest=LARGEST[form])
    tensors = Tensors()
    contents = _scan(path, tensors, form=form)
    _check_members(path, contents)
    read = {name: strict_json.loads(contents.kept[name], file=f"{path}: {name}") for name in sorted(_READ)}
    if names.REPLAY in contents.kept:
        parse_recorded(contents.kept[names.REPLAY], file=f"{path}: {names.REPLAY}")
    file = f"{path}: {MANIFEST}"
    reading = load(contents.kept[MANIFEST], file=file, compatible=compatible)
    evaluation = parse_evaluation(contents.kept[EVALUATION], file=f"{path}: {EVALUATION}")
    check_presence(reading.manifest, contents.members, file=str(path))
    _check_integrity(path, reading.manifest, contents)
    carrier = carriers.find(contents.members, file=str(path))
    _check_adapter(path, reading.manifest, contents, carrier, tensors.shapes[carrier])
    _check_config(path, carrier, tensors.shapes[carrier], read[names.ADAPTER_CONFIG])
    _check_evaluation(path, reading.manifest, evaluation, adapter=contents.members[carrier][1])
    (base,) = reading.manifest.base_models
    return Checked(
        contents=contents, reading=reading, weights={base.name: carrier}, headers=tensors.headers,
        evaluation=evaluation,
    )  # fmt: skip


def _scan(path: Path, tensors: Tensors, *, form: Form) -> Contents:
    """What is in the package; where another program made it, the error says what reads that."""
    if form != "legacy":
        return scan(path, form=form, keep=_KEPT, watch=tensors)
    try:
        return scan(path, form="archive", keep=_KEPT, watch=tensors)  # which says what is wrong with it
    except FormatError as error:
        hint = f"expert-cli validate --compatible {path} reads what other programs packed"
        raise FormatError(*error.lines, offset=error.offset, hint=hint) from error


def _check_members(path: Path, contents: Contents) -> None:
    check_required(contents.members, file=str(path))
    for name, head in contents.heads.items():
        refuse_pickle(name, head)
        if name in _OBJECTS and head[:1] != b"{":
            raise FormatError(f"{path}: {name}: expected one JSON object, got something else")


def _check_integrity(path: Path, manifest: Manifest, contents: Contents) -> None:
    """The manifest must name every member but itself and the signature, each with its hash."""
    expected = dict(manifest.integrity.files or {}) if manifest.integrity else {}
    found = {name: digest for name, (_, digest) in contents.listed.items() if name != MANIFEST}
    if expected != found:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise IntegrityError(f"{path}, integrity: expected the members' own hashes, got others for {', '.join(wrong)}")


def _check_adapter(
    path: Path, manifest: Manifest, contents: Contents, carrier: str, shapes: Mapping[str, Shape]
) -> None:
    """The manifest must be about one base and about the adapter that is there."""
    (adapter,) = manifest.base_models[0].adapters
    if (adapter.size_bytes, adapter.sha256) != contents.members[carrier] or not manifest.base_models[0].sha256:
        raise IntegrityError(f"{path}, base_models: expected size and hashes of adapter and base, got others")
    if adapter.path not in {None, carrier}:
        raise IntegrityError(f"{path}, base_models: expected no path or {carrier}, got {adapter.path!r}")
    said, got = describe_entry(adapter), carriers.describe(carrier, shapes)
    if said != got:
        raise IntegrityError(f"{path}, {carrier}: expected {said}, as the manifest says, got {got}")


def _check_evaluation(path: Path, manifest: Manifest, evaluation: Evaluation, *, adapter: str) -> None:
    """The evaluation must be about this expert, and about the very adapter that is there, of that SHA-256."""
    judged = evaluation.judged
    about = (judged.expert, judged.version, judged.base, evaluation.adapter_digest)
    wanted = (manifest.name, manifest.version, manifest.base_models[0].name, adapter)
    if about != wanted:
        raise IntegrityError(f"{path}, {EVALUATION}: expected it to be about {' '.join(wanted)}, got {' '.join(about)}")
    if judged.verdict != "accepted":
        raise IntegrityError(f"{path}, {EVALUATION}: expected an accepted expert, got {judged.describe()}")


def _check_config(path: Path, carrier: str, shapes: Mapping[str, Shape], config: Any) -> None:
    """What PEFT would be told must be about these tensors."""
    try:
        carriers.check_config(carrier, shapes, config)
    except FormatError as error:
        raise FormatError(f"{path}: {error}", offset=error.offset) from error
