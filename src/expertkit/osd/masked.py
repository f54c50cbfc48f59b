"""An adapter with entries of little worth at zero, at the density of its settings; others are rounded to its codec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from expertkit.adapters.svd import Array64, Svd
from expertkit.osd import masks
from expertkit.osd.adapter import Array, Mask, Module, Osd, on_both_sides
from expertkit.osd.file import values
from expertkit.osd.settings import Settings
from expertkit.osd.source import Seen, Source


def masked(found: Mapping[str, Source], settings: Settings) -> Osd:
    """The adapter at a density, before S is fitted anew.

    Raises:
        ValueError: a score without its calibration.
    """
    bases = _bases(found, settings)
    if settings.space == "delta":
        modules = {name: _masked_update(found[name], svd, settings) for name, svd in bases.items()}
        return Osd(modules=modules, settings=settings)
    total = sum(svd.u.size + svd.vt.size for svd in bases.values())
    worths = {name: source.worth for name, source in found.items()}
    chosen = masks.select(bases, keep=round(settings.density * total), score=settings.score, worths=worths)
    modules = {name: _masked_module(found[name], svd, chosen[name], settings) for name, svd in bases.items()}
    return Osd(modules=modules, settings=settings)


def _bases(found: Mapping[str, Source], settings: Settings) -> dict[str, Svd]:
    """The components to choose from; with ``act`` those of the update as its inputs see it."""
    return {name: _seen(source, settings).first(settings.rank) for name, source in found.items()}


def _seen(source: Source, settings: Settings) -> Svd:
    return source.svd if settings.score != "act" else _calibrated(source).svd


def _calibrated(source: Source) -> Seen:
    if source.seen is None:
        raise ValueError("expected a calibration for the score act, got none")
    return source.seen


def _masked_module(source: Source, svd: Svd, kept: masks.Masks, settings: Settings) -> Module:
    own = svd if settings.score != "act" else _unseen(svd, _calibrated(source).inputs)
    if settings.keeps_whole:
        return replace(_whole(own, source, settings), masks=kept)
    return _settled(own, kept, source, settings)


def _unseen(svd: Svd, inputs: Array64) -> Svd:
    """Components as they are without their inputs; what is not orthogonal any more still has rows of length one."""
    rows = svd.vt / inputs
    lengths = np.linalg.norm(rows, axis=1)
    return Svd(u=svd.u, s=svd.s * lengths, vt=rows / lengths[:, None])


def _masked_update(source: Source, svd: Svd, settings: Settings) -> Module:
    kept = masks.select_of_update((svd.u * svd.s) @ svd.vt, density=settings.density)
    return replace(_whole(svd, source, settings), mask=kept)


def _whole(svd: Svd, source: Source, settings: Settings) -> Module:
    """All entries, to which a mask comes."""
    u, v = (_rounded(rows, settings) for rows in (svd.u.T, svd.vt))
    return Module(u=u, s=svd.s.astype(np.float32), v=v, magnitude=source.magnitude)


def _settled(svd: Svd, kept: masks.Masks, source: Source, settings: Settings) -> Module:
    """Kept entries, none of which is rounded to zero, of components that have some on both sides."""
    u, s, v, (kept_u, kept_v) = svd.u.T, svd.s, svd.vt, kept
    while True:
        both = on_both_sides(kept_u, kept_v)
        u, s, v = u[both], s[both], v[both]
        found_u, found_v = _nonzero(u, kept_u[both], settings), _nonzero(v, kept_v[both], settings)
        kept_u, kept_v = found_u != 0, found_v != 0
        if on_both_sides(kept_u, kept_v).all():
            return Module(u=found_u, s=s.astype(np.float32), v=found_v, magnitude=source.magnitude)


def _nonzero(rows: Array64, kept: Mask, settings: Settings) -> Array:
    """Kept entries without those that are rounded to zero, which others are rounded with."""
    places = np.flatnonzero(kept)
    numbers = rows[kept].astype(np.float32)
    while not (rounded := values.rounded(numbers, settings.codec)).all():
        places, numbers = places[rounded != 0], numbers[rounded != 0]
    found = np.zeros(rows.shape, np.float32)
    found.ravel()[places] = rounded
    return found


def _rounded(rows: Array64, settings: Settings) -> Array:
    return values.rounded(rows.astype(np.float32).ravel(), settings.codec).reshape(rows.shape)
