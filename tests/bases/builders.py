"""Folders that look like base models, a few bytes each."""

from __future__ import annotations

from pathlib import Path

from expertkit.bases import BaseModel

FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "tokenizer.json": b"{}",
    "tokenizer_config.json": b"{ }",
}


def make_base(folder: Path) -> Path:
    """A base model's folder."""
    folder.mkdir(parents=True)
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    return folder


def local(path: str, *, fingerprint: str | None = None) -> BaseModel:
    """A base model that lies in a folder."""
    return BaseModel(name="tiny", path=path, hub=None, revision=None, fingerprint=fingerprint)
