"""No file that runs code when it is opened."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest

from expertkit.adapters import Factors, Lora, encode_tensors
from expertkit.errors import FormatError
from expertkit.members.pickles import refuse_pickle
from tests.adapters.builders import matrix


@pytest.mark.parametrize(
    "name", ["training_args.bin", "optimizer.pt", "tests/rng_state.pth", "a.PKL", "x.npy", "y.ckpt"]
)
def test_names_of_pickles_are_refused(name: str) -> None:
    """Whatever is in them."""
    with pytest.raises(FormatError, match="by its name"):
        refuse_pickle(name, b"{}")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_under_another_name_are_refused(protocol: int) -> None:
    """The first two bytes of every binary protocol give them away."""
    data = pickle.dumps({"a": [1, 2, 3]}, protocol=protocol)

    for name in ("README.md", "adapter_model.safetensors"):
        with pytest.raises(FormatError, match="by its first bytes"):
            refuse_pickle(name, data[:16])


def test_zip_files_are_refused(tmp_path: Path) -> None:
    """Torch's own format is a zip file with a pickle in it."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("data.pkl", b"")

    with pytest.raises(FormatError, match="by its first bytes"):
        refuse_pickle("vocab.json", (tmp_path / "a.zip").read_bytes()[:16])


def test_safetensors_whose_length_looks_like_a_pickle_are_taken() -> None:
    """A header of 640 bytes starts like a pickle of protocol 2, and is none."""
    headers = {}
    for extra in range(150):
        modules = {"x" * extra + "q_proj": pair(), "k_proj": pair()}
        data = encode_tensors(Lora(rank=1, alpha=1.0, modules=modules))
        headers[int.from_bytes(data[:8], "little")] = data

    data = headers[640]

    assert data[:2] == b"\x80\x02"
    refuse_pickle("adapter_model.safetensors", data[:16])


def pair() -> Factors:
    """Factors of one number each."""
    return Factors(a=matrix(1, 1), b=matrix(1, 1))
