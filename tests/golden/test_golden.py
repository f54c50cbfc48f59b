"""The golden files: read and verified by today's code, and written by it byte for byte the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from expertkit.adapters import CONFIG, TENSORS, encode_config, encode_tensors
from expertkit.adapters import decode as decode_adapter
from expertkit.containers.writer import Options
from expertkit.files import dump_json
from expertkit.packages import carriers
from expertkit.packages.conversion import convert
from expertkit.packages.names import OSD
from expertkit.packages.reading.forms import read_signatures
from expertkit.packages.sidecar import check_sidecar
from expertkit.packages.vouching.verify import verify
from expertkit.signing import PublicKey, seal
from expertkit.signing.dsse import PAYLOAD_TYPE, decode, pae
from expertkit.signing.statement import decode as decode_statement
from tests.adapters.builders import ADAPTERS
from tests.archives.builders import decode as members_of
from tests.archives.builders import encode, gunzipped
from tests.golden.make import COMPRESSED, CONTAINERS, FOLDER, PACKAGE, adapter_folder
from tests.packages.builders import make_signer, verifier

GOLDEN = FOLDER / PACKAGE
COMPRESSED_DIGESTS = {
    "archive": "a73ef753a36d25334a6cddffff15771f040f8c328aae548664bb27ecaf6b3036",
    "container": "24fcca4225fd2f02448cbce6eb3f7db6e8bbb79049d97cf88e13071498c6a513",
}
"""Of the content of the packages with a compressed adapter."""


def trusted() -> PublicKey:
    """The golden public key."""
    return PublicKey.from_str((FOLDER / "publisher.pub").read_text())


def test_the_golden_package_verifies() -> None:
    """A package of this format can be read as long as the format is supported."""
    verified = verify(GOLDEN, verifier=verifier())

    check_sidecar(GOLDEN)
    assert verified.statement == decode_statement((FOLDER / "statement.json").read_bytes())


def test_the_archive_of_the_golden_members_is_the_golden_archive() -> None:
    """Headers, order and padding are the same, byte for byte, before compression."""
    data = GOLDEN.read_bytes()

    assert gunzipped(encode(members_of(data))) == gunzipped(data)
    assert encode(members_of(data))[:10] == data[:10]


def test_the_statement_is_written_the_same() -> None:
    """From the same values come the same payload, the same signed bytes and the same signature."""
    payload = (FOLDER / "statement.json").read_bytes()
    envelope = members_of(GOLDEN.read_bytes())["signature.sig"]

    statement = decode_statement(payload)

    assert statement.encode() == payload == decode(envelope).payload
    assert pae(PAYLOAD_TYPE, payload) == (FOLDER / "pae.bin").read_bytes()
    assert seal(statement, make_signer(Path()).private) == envelope
    assert make_signer(Path()).public == trusted()


def test_the_adapter_is_written_the_same() -> None:
    """From the same values come the same tensors and the same config."""
    members = members_of(GOLDEN.read_bytes())

    lora = decode_adapter(members["adapter_model.safetensors"], json.loads(members["adapter_config.json"]))

    assert encode_tensors(lora) == members["adapter_model.safetensors"]
    assert dump_json(encode_config(lora, base="nano")) == members["adapter_config.json"]


@pytest.mark.parametrize("place", ["", "container"])
def test_packages_with_a_statement_of_the_first_version_verify(place: str) -> None:
    """They name no evidence; what they do say is read and written as it was."""
    folder = FOLDER / "version-1" / place

    verified = verify(folder / PACKAGE, verifier=verifier())

    payload = (folder / "statement.json").read_bytes()
    assert verified.statement.evidence is None
    assert verified.statement.encode() == payload
    assert verified.statement == decode_statement(payload)


@pytest.mark.parametrize("folder", CONTAINERS)
def test_the_golden_containers_verify(folder: str) -> None:
    """Raw and packed, they hold the members of the golden archive, and are signed about their roots."""
    verified = verify(FOLDER / folder / PACKAGE, verifier=verifier())

    check_sidecar(FOLDER / folder / PACKAGE)
    assert verified.contents.listed == verify(GOLDEN, verifier=verifier()).contents.listed
    assert verified.statement.content_digest == verified.contents.root


def test_the_golden_container_is_written_the_same(tmp_path: Path) -> None:
    """From the golden archive's members come the same header, TOC, sections and signature."""
    golden = (FOLDER / "container" / PACKAGE).read_bytes()

    signer = make_signer(tmp_path / "home")
    convert(GOLDEN, output=tmp_path, form="container", options=Options(codec="raw"), verifier=verifier(), signer=signer)

    assert (tmp_path / PACKAGE).read_bytes() == golden


def test_the_statement_of_a_container_is_written_the_same() -> None:
    """From the same values come the same payload and the same signature."""
    payload = (FOLDER / "container/statement.json").read_bytes()
    (signature,) = read_signatures(FOLDER / "container" / PACKAGE)

    statement = decode_statement(payload)

    assert statement.encode() == payload == decode(signature.envelope).payload
    assert seal(statement, make_signer(Path()).private) == signature.envelope


@pytest.mark.parametrize("place", ["", "container"])
def test_the_golden_packages_with_a_compressed_adapter_verify(place: str) -> None:
    """Both forms have the same members, and the statement that was signed then."""
    folder = COMPRESSED / place

    verified = verify(folder / PACKAGE, verifier=verifier())

    check_sidecar(folder / PACKAGE)
    members = members_of((COMPRESSED / PACKAGE).read_bytes())
    payload = (folder / "statement.json").read_bytes() if place else decode(members["signature.sig"]).payload
    assert verified.statement.encode() == payload
    assert verified.statement.content_digest == COMPRESSED_DIGESTS[verified.contents.form]
    assert verified.contents.members_digest == COMPRESSED_DIGESTS["archive"]


def test_the_golden_container_with_a_compressed_adapter_is_written_the_same(tmp_path: Path) -> None:
    """From the archive's members come the same header, TOC, sections and signature."""
    signer, how = make_signer(tmp_path / "home"), Options(codec="raw")

    convert(COMPRESSED / PACKAGE, output=tmp_path, form="container", options=how, verifier=verifier(), signer=signer)

    assert (tmp_path / PACKAGE).read_bytes() == (COMPRESSED / "container" / PACKAGE).read_bytes()


def test_the_golden_compressed_adapter_decodes_to_the_same_numbers() -> None:
    """Bit by bit, on any machine."""
    members = members_of((COMPRESSED / PACKAGE).read_bytes())

    lora = carriers.decode(OSD, members[OSD], json.loads(members[CONFIG]))

    assert encode_tensors(lora) == (COMPRESSED / "decoded.safetensors").read_bytes()
    assert dump_json(encode_config(lora, base="nano")) == members[CONFIG]


@pytest.mark.parametrize("kind", ADAPTERS)
def test_an_adapter_of_each_kind_is_read_and_written_the_same(kind: str) -> None:
    """Names, settings and numbers are the golden ones, both ways."""
    tensors, config = ((adapter_folder(kind) / name).read_bytes() for name in (TENSORS, CONFIG))

    adapter = decode_adapter(tensors, json.loads(config))

    for each in (adapter, ADAPTERS[kind]):
        assert encode_tensors(each) == tensors
        assert dump_json(encode_config(each, base="nano")) == config
