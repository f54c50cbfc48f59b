"""Writes the golden files anew, those of older versions excepted: ``python -m tests.golden.make`` from the root.

Do so only when a byte layout changes on purpose, and say it in the changelog: the old files are what
packages in the world look like.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from expertkit.adapters import CONFIG, TENSORS, encode_config, encode_tensors
from expertkit.archives import archive
from expertkit.containers.settings import Codec
from expertkit.containers.writer import Options
from expertkit.data.prompt import template_hash
from expertkit.data.templates import TEMPLATES, golden
from expertkit.files import dump_json, write_bytes
from expertkit.members.contents import whole
from expertkit.members.names import SIGNATURE
from expertkit.packages import carriers
from expertkit.packages.conversion import convert
from expertkit.packages.making.build import prepare
from expertkit.packages.making.description import integrity
from expertkit.packages.making.members import collect
from expertkit.packages.names import MANIFEST, OSD, PROVENANCE
from expertkit.packages.reading.forms import read_signatures
from expertkit.packages.sidecar import write_sidecar
from expertkit.packages.signing.sign import sign_file
from expertkit.signing.dsse import PAYLOAD_TYPE, decode, pae
from tests.adapters.builders import ADAPTERS
from tests.archives.builders import decode as members_of
from tests.golden import osd_files
from tests.packages.builders import RECIPE, compress, make_project, make_signer

FOLDER = Path(__file__).parent
PACKAGE = "expert-mini-nano.v1.0.0.expert"

CONTAINERS: dict[str, Codec] = {"container": "raw", "container-packed": "auto"}
"""Folders of the golden package as a container, and the codec of its sections."""

COMPRESSED = FOLDER / "compressed"
"""The same expert with a compressed adapter."""

_PROVENANCE = {"provenance": 1, "sources": {}, "note": "fixed, so that the golden package outlives changes of the code"}


def main() -> None:
    """Replace every golden file."""
    with TemporaryDirectory() as scratch:
        project = make_project(Path(scratch, "project"))
        write_archive(project, FOLDER)
        write_compressed(project)
    write_containers(FOLDER / PACKAGE)
    osd_files.write_files()
    envelope = decode(members_of((FOLDER / PACKAGE).read_bytes())[SIGNATURE])
    write_bytes(FOLDER / "publisher.pub", str(make_signer(Path()).public).encode())
    write_bytes(FOLDER / "statement.json", envelope.payload)
    write_bytes(FOLDER / "pae.bin", pae(PAYLOAD_TYPE, envelope.payload))
    prompts = {name: {"renders": golden(each), "hash": template_hash(each)} for name, each in TEMPLATES.items()}
    write_bytes(FOLDER / "prompts.json", dump_json(prompts))
    for kind, adapter in ADAPTERS.items():
        adapter_folder(kind).mkdir(parents=True, exist_ok=True)
        write_bytes(adapter_folder(kind) / TENSORS, encode_tensors(adapter))
        write_bytes(adapter_folder(kind) / CONFIG, dump_json(encode_config(adapter, base="nano")))


def write_archive(project: Path, output: Path) -> None:
    """Write the signed archive of a project's expert into a folder."""
    with TemporaryDirectory() as scratch:
        unsigned = Path(scratch, PACKAGE)
        with unsigned.open("wb") as file:
            archive.write(file, whole(_members(project)))
        write_sidecar(unsigned)
        sign_file(unsigned, output=output, whole=False, signer=make_signer(Path(scratch, "home")))


def write_compressed(project: Path) -> None:
    """Write the expert with a compressed adapter in both forms, and the tensors that it decodes to."""
    carrier = compress(project)
    write_archive(project, COMPRESSED)
    write_containers(COMPRESSED / PACKAGE, codecs={"container": "raw"})
    write_bytes(COMPRESSED / "decoded.safetensors", bytes(carriers.as_safetensors(OSD, carrier)))


def write_containers(archive_path: Path, *, codecs: Mapping[str, Codec] = CONTAINERS) -> None:
    """Write what conversion makes of an archive, raw and as a container is written by default, and what was signed."""
    folder = archive_path.parent
    with TemporaryDirectory() as home:
        signer = make_signer(Path(home))
        for name, codec in codecs.items():
            options = Options(codec=codec)
            convert(archive_path, output=folder / name, form="container", options=options, verifier=None, signer=signer)
    (signature,) = read_signatures(folder / "container" / PACKAGE)
    write_bytes(folder / "container" / "statement.json", decode(signature.envelope).payload)


def adapter_folder(kind: str) -> Path:
    """Where the golden adapter of a kind lies."""
    return FOLDER / "adapters" / kind.replace(" ", "-")


def _members(project: Path) -> dict[str, bytes]:
    """What a package holds, with a provenance that does not follow the code."""
    members = collect(prepare(project, RECIPE))
    manifest: dict[str, Any] = json.loads(members.pop(MANIFEST))
    members[PROVENANCE] = dump_json(_PROVENANCE)
    return {**members, MANIFEST: dump_json({**manifest, "integrity": integrity(members)})}


if __name__ == "__main__":
    main()
