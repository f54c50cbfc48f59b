"""What an expert says about itself, joined into one value and one page for a person; nothing of it is vouched for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from expertkit import signing
from expertkit.containers import codecs, kinds, toc
from expertkit.errors import UnsupportedError
from expertkit.manifest import AdapterEntry, Manifest
from expertkit.members import bundle
from expertkit.members.names import SIGNATURE
from expertkit.members.signatures import Signature
from expertkit.packages.reading.opening import Opened
from expertkit.packages.reading.tensors import describe_entry
from expertkit.signing.certificates.reading import read as read_certificate

if TYPE_CHECKING:
    from expertkit.packages.reading.checked import Checked

_NO_SIGNATURE = {False: "none", True: "one that this program does not understand, which is not looked at"}


def inspect(opened: Opened) -> dict[str, Any]:
    """The facts, as JSON values."""
    manifest, package = opened.manifest, opened.package
    facts: dict[str, Any] = {
        "path": str(opened.path),
        "kind": opened.kind,
        "name": manifest.name,
        "version": manifest.version,
        "schema": manifest.schema_version,
        "description": manifest.description,
        "license": manifest.license,
        "capabilities": list(manifest.capabilities),
        "bases": list(_bases(manifest, package)),
        "quality_metrics": manifest.raw.get("quality_metrics"),
        "warnings": [str(warning) for warning in opened.reading.warnings],
    }
    if package is None:
        return facts
    contents = package.contents
    return facts | {
        "content_digest": contents.content_digest,
        "members": {name: size for name, (size, _digest) in contents.members.items()},
        "evaluation": package.evaluation.judged.to_json() if package.evaluation else None,
        "signatures": _signatures(contents.kept.get(SIGNATURE)),
        "signed": SIGNATURE in contents.members or bool(opened.outline and opened.outline.is_signed),
    }


def render(facts: Mapping[str, Any]) -> Iterator[str]:
    """The facts as the lines of a page."""
    yield f"{facts['name']} {facts['version']}  ({facts['kind']}, schema {facts['schema']}, {facts['license']})"
    yield f"  {facts['description']}"
    for base in facts["bases"]:
        fingerprint = f"  fingerprint {base['fingerprint'][:12]}" if base["fingerprint"] else ""
        yield f"base        {base['name']}{fingerprint}  {base['prompt_template'] or 'no template'}"
        yield from (f"  adapter   {adapter}" for adapter in base["adapters"])
        if base["osd"]:
            yield _render_osd(base["osd"])
    evaluation = facts.get("evaluation")
    if evaluation:
        scores = f"base {evaluation['base_score']:.3f}, expert {evaluation['expert_score']:.3f}"
        yield f"evaluation  {evaluation['verdict']}: {scores}, p {evaluation['p_value']:.1e}"
    if "members" in facts:
        yield from (_render_signature(each) for each in facts["signatures"])
        if not facts["signatures"]:
            yield f"signature   {_NO_SIGNATURE[facts['signed']]}"
        yield f"content     {facts['content_digest']}, {len(facts['members'])} members"
        yield from (f"  {size:>12,}  {name}" for name, size in facts["members"].items())
    yield from (f"warning     {warning}" for warning in facts["warnings"])


def list_sections(opened: Opened) -> list[dict[str, Any]]:
    """What stands in the TOC of a container, a row for each section; sizes and places are bytes.

    Raises:
        UnsupportedError: the expert is no container.
    """
    if opened.outline is None:
        message = f"{opened.path}: expected a container, whose sections could be listed, got {opened.kind}"
        raise UnsupportedError(message, hint=f"expert-cli convert {opened.path}")
    dtypes = {number: word for word, number in toc.DTYPES.items()}
    return [
        {
            "id": entry.id, "type": kinds.word(entry.type), "codec": codecs.WORDS[entry.codec],
            "dtype": dtypes[entry.dtype], "alignment": entry.alignment, "offset": entry.at, "stored": entry.stored,
            "raw": entry.raw, "layer": entry.adapter_layer, "sha256": entry.digest.hex(), "name": entry.name,
        }
        for entry in opened.outline.entries
    ]  # fmt: skip


def render_sections(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The rows as the lines of a table."""
    yield f"{'id':>4}  {'type':17} {'codec':6} {'dtype':8} {'offset':>12} {'stored':>12} {'raw':>12} {'layer':>5}  name"
    for row in rows:
        layer = "" if row["layer"] is None else row["layer"]
        sizes = f"{row['offset']:>12,} {row['stored']:>12,} {row['raw']:>12,}"
        yield f"{row['id']:>4}  {row['type']:17} {row['codec']:6} {row['dtype']:8} {sizes} {layer:>5}  {row['name']}"


def _bases(manifest: Manifest, package: Checked | None) -> Iterator[dict[str, Any]]:
    for entry in manifest.base_models:
        yield {
            "name": entry.name,
            "fingerprint": entry.sha256 or None,
            "prompt_template": entry.prompt_template,
            "adapters": [_describe(adapter) for adapter in entry.adapters],
            "osd": _osd(package, entry.name) if package else None,
        }


def _osd(package: Checked, base: str) -> dict[str, Any] | None:
    """How the adapter for a base is compressed, if it is; ``rank`` is the largest of its modules."""
    carrier = package.weights.get(base, "")
    if carrier not in package.headers:
        return None
    header, (size, _digest) = package.headers[carrier], package.contents.members[carrier]
    rank = max(shape.rank for shape in header.shapes.values())
    return {**asdict(header.settings), "rank": rank, "bytes": size, "dora": header.has_magnitudes}


def _render_osd(found: Mapping[str, Any]) -> str:
    kept = f"{found['density']:.1%} of rank {found['rank']} kept by {found['score']}"
    dora = ", with the magnitudes of DoRA" if found["dora"] else ""
    return f"  osd       {found['codec']}, {found['bytes']:,} bytes, {kept}{dora}"


def _describe(adapter: AdapterEntry) -> str:
    size = f", {adapter.size_bytes:,} bytes" if adapter.size_bytes else ""
    return f"{describe_entry(adapter)}{size}"


def _signatures(data: bytes | None) -> list[dict[str, Any]]:
    """What the signatures say, which is not checked here; nothing where there are none, or none of ours.

    Raises:
        FormatError: they are malformed.
    """
    return [_signature(each) for each in bundle.decode(data)] if data is not None else []


def _signature(signature: Signature) -> dict[str, Any]:
    said = signing.read_unverified(signature.envelope)
    chain = [read_certificate(each).subject for each in signature.chain]
    return {
        "publisher": said.publisher, "key": said.key, "created": said.created, "expires": said.expires,
        "sequence": said.sequence, "chain": chain,
    }  # fmt: skip


def _render_signature(signature: Mapping[str, Any]) -> str:
    chain = f", certified as {signature['chain'][0]}" if signature["chain"] else ""
    times = f"{signature['created']} to {signature['expires']}"
    return (
        f"signature   {signature['publisher']!r}, key {signature['key'][:12]}{chain}, {times}; "
        "not checked, which expert-cli verify does"
    )
