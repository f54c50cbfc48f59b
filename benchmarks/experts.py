"""A signed expert in both forms of package, whole but for the size of its tokenizer; and a large adapter alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np

from benchmarks import packing
from expertkit.adapters import Lora, dtypes, encode_config, encode_tensors, tensors
from expertkit.containers.reader import Container
from expertkit.containers.settings import Codec
from expertkit.containers.sources import Held
from expertkit.containers.writer import Options
from expertkit.files import dump_json, sha256_bytes, write_bytes
from expertkit.members.contents import whole
from expertkit.packages.making.build import prepare
from expertkit.packages.making.description import describe, integrity
from expertkit.packages.making.members import collect
from expertkit.packages.names import ADAPTER_CONFIG, EVALUATION, MANIFEST, TENSORS
from expertkit.packages.signing.sign import Signer, sign_file
from expertkit.packages.store import Store
from expertkit.packages.vouching.verify import verify, vouch
from expertkit.packages.writing import Sizes, write_archive, write_container, write_package
from expertkit.signing.trust import Verifier
from tests.packages.builders import RECIPE, make_project, make_signer

CODECS: tuple[Codec, ...] = ("raw", "auto")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expert:
    """One expert as a library, an archive and containers have it."""

    signer: Signer
    members: Mapping[str, bytes]
    adapter: Path
    """Its adapter alone, as any library reads it."""
    archive: Path
    store: Store
    """Holds the containers."""
    digests: Mapping[Codec, str]
    """Of the containers, by the codec they were written with."""

    @property
    def verifier(self) -> Verifier:
        """Somebody who trusts the signer."""
        return Verifier.of_key(self.signer.public, at=self.signer.at)

    def path(self, codec: Codec) -> Path:
        """Where a container lies."""
        return self.store.path(self.digests[codec])

    def open(self, codec: Codec) -> Container:
        """A container whose header, metadata, TOC and signature were checked, mapped."""
        container = Container(self.store.open(self.digests[codec]))
        vouch(container, verifier=self.verifier, file=codec)
        return container


def make(folder: Path, lora: Lora) -> Expert:
    """Write an expert with that adapter in every form, each verified."""
    members = _members(folder / "project", lora)
    signer = make_signer(folder / "home")
    write_bytes(folder / TENSORS, members[TENSORS])
    archive = _write(folder / "archive", partial(pack_archive, members), signer)
    store = Store(folder / "store")
    digests = {
        codec: store.put(_write(folder / codec, partial(pack_container, members, codec), signer)) for codec in CODECS
    }
    return Expert(
        signer=signer, members=members, adapter=folder / TENSORS, archive=archive, store=store, digests=digests
    )


def pack_archive(members: Mapping[str, bytes], file: IO[bytes]) -> Sizes:
    """Write the members as an archive."""
    return write_archive(file, whole(members))


def pack_container(members: Mapping[str, bytes], codec: Codec, file: IO[bytes]) -> Sizes:
    """Write the members as a container."""
    return write_container(file, {name: Held(data) for name, data in members.items()}, options=Options(codec=codec))


def write_large(path: Path, *, size: int) -> None:
    """Write an adapter of the same modules in bfloat16, of about ``size`` bytes: the rank is what it takes."""
    widths = packing.WIDTHS.values()
    rank = round(size / (2 * packing.LAYERS * sum(map(sum, widths))))
    shapes: dict[str, tensors.Shape] = {}
    for layer in range(packing.LAYERS):
        for name, (width, out) in packing.WIDTHS.items():
            module = f"base_model.model.model.layers.{layer}.{name}"
            shapes |= {f"{module}.lora_A.weight": (rank, width), f"{module}.lora_B.weight": (out, rank)}
    largest = max(rank * side for both in widths for side in both)
    noise = dtypes.encode(np.random.default_rng(1).normal(0, 0.02, largest).astype(np.float32), "bfloat16")
    with path.open("xb") as file:
        file.write(tensors.encode_header(shapes, "bfloat16"))
        for name in sorted(shapes):
            rows, columns = shapes[name]
            file.write(noise[: 2 * rows * columns])


def _members(project: Path, lora: Lora) -> dict[str, bytes]:
    """Those of the tests' small expert, with another adapter and all that is said of it."""
    sources = prepare(make_project(project), RECIPE)
    members = collect(sources)
    fingerprint = json.loads(members.pop(MANIFEST))["base_models"][0]["sha256"]
    members[TENSORS] = encode_tensors(lora)
    members[ADAPTER_CONFIG] = dump_json(encode_config(lora, base=RECIPE.base))
    judged = {**json.loads(members[EVALUATION]), "adapter_digest": sha256_bytes(members[TENSORS])}
    members[EVALUATION] = dump_json(judged)
    manifest = describe(
        sources.manifest, RECIPE, fingerprint=fingerprint, report=sources.report, adapter=lora, files=members
    )
    return {**members, MANIFEST: dump_json({**manifest, "integrity": integrity(members)})}


def _write(folder: Path, pack: Callable[[IO[bytes]], Sizes], signer: Signer) -> Path:
    unsigned = folder / "unsigned" / "expert.expert"
    write_package(unsigned, pack)
    signed = sign_file(unsigned, output=folder, whole=False, signer=signer).path
    verify(signed, verifier=Verifier.of_key(signer.public, at=signer.at))
    return signed
