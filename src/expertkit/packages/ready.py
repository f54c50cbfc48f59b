"""An expert made ready to be used: vouched for and compared with its base before a byte of its weights is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from expertkit.containers.reader import Container
from expertkit.manifest import Manifest
from expertkit.packages.fitting import fitting
from expertkit.packages.store import Store
from expertkit.packages.streaming import BUDGET, Layers
from expertkit.packages.vouching.verify import vouch
from expertkit.signing import Statement
from expertkit.signing.trust import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An expert whose layers can be asked for."""

    manifest: Manifest
    statement: Statement
    container: Container
    """Its other sections are read by ``Container.read``."""
    layers: Layers


@contextmanager
def make_ready(digest: str, *, store: Store, verifier: Verifier, base: Path, budget: int = BUDGET) -> Iterator[Ready]:
    """An expert of a store, for as long as the block lasts; tensors that were taken may be used after it.

    Args:
        digest: SHA-256 of its container, as ``Store.put`` gave it.
        store: where it lies.
        verifier: who looks, and what is held against it.
        base: folder of the base model that it is to be put on.
        budget: bytes of decoded layers to keep.

    Raises:
        PackagingError: it is not in the store.
        FormatError, ManifestError, IntegrityError: it is no sound container; a layer raises so when it is asked for.
        SignatureError: nobody who is trusted vouches for it, or no longer.
        CompatibilityError: it is for another base.
    """
    container = Container(store.open(digest))
    vouched = vouch(container, verifier=verifier, file=str(store.path(digest)))
    with Layers(container, budget=budget, check=fitting(vouched.manifest, base)) as layers:
        yield Ready(manifest=vouched.manifest, statement=vouched.statement, container=container, layers=layers)
