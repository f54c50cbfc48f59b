"""What is told of a module is what its matrices say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from expertkit.osd import Osd, Settings, Source, compress, decode
from expertkit.osd.error import best_alpha
from expertkit.osd.report import module_rows
from tests.osd.builders import WAYS, compressed, heavy_sources, updates


def rows(settings: Settings, found: dict[str, Source]) -> list[dict[str, Any]]:
    """Of an adapter compressed."""
    return module_rows(compress(found, settings).osd, found)


@pytest.mark.parametrize("way", WAYS)
def test_errors_and_angles_are_those_of_the_dense_updates(way: str) -> None:
    """By Frobenius, by the largest singular value, and the cosine between both."""
    osd, data = compressed(way)
    wanted, got = updates(heavy_sources(1)), dict(decode(data).updates())

    for row in module_rows(osd, heavy_sources(1)):
        source, update = wanted[row["module"]], got[row["module"]].astype(np.float64)
        largest = np.linalg.norm(source, 2)
        lengths = np.linalg.norm(source) * np.linalg.norm(update)
        assert row["error"] == pytest.approx(np.linalg.norm(source - update) / np.linalg.norm(source), abs=1e-6)
        assert row["spectral_error"] == pytest.approx(np.linalg.norm(source - update, 2) / largest, abs=1e-6)
        assert row["cosine"] == pytest.approx(float(np.sum(source * update)) / lengths, abs=1e-6)


@pytest.mark.parametrize("way", ["f16 auto", "f16 blended", "f32 delta csr"])
def test_the_best_alpha_leaves_the_least_error(way: str) -> None:
    """Of all blends of the first component of three and its masked part; where the rest has nothing to say, 0."""
    found = heavy_sources(1)
    osd, _data = compressed(way)
    whole = updates(found)

    for name, module in osd.modules.items():
        first = found[name].svd.first(1)
        cut, part = (first.u * first.s) @ first.vt, module.update(1.0)
        best = best_alpha(module, found[name], 1)
        errors = {alpha: np.linalg.norm(whole[name] - (1 - alpha) * cut - alpha * part)
                  for alpha in [best, *np.linspace(0, 1, 101)]}  # fmt: skip
        assert errors[best] == min(errors.values())
        assert best_alpha(module, found[name], 3) == pytest.approx(0, abs=1e-9)


def test_a_module_of_which_nothing_is_kept_has_no_direction() -> None:
    """Its error is all there is; and where there was nothing either, it is right."""
    found = heavy_sources(1)
    nothing = {name: Source(svd=source.svd.first(0)) for name, source in found.items()}

    for row in rows(Settings(rank=3, density=0.0), found):
        assert (row["rank"], row["error"], row["cosine"], row["density_u"]) == (0, 1, 0, 0)
    for row in rows(Settings(rank=3), nothing):
        assert (row["rank"], row["error"], row["cosine"]) == (0, 0, 1)


def test_densities_are_shares_of_the_components_that_were_begun_with() -> None:
    """Of all modules together that of the settings; where all is kept whole, that of the mask."""
    found = heavy_sources(1, rank=6)
    sizes = {name: np.array(source.shape) for name, source in found.items()}

    for settings in (Settings(rank=3, density=0.5, codec="f32"), Settings(rank=3, density=0.5, alpha=0.5)):
        kept = sum(float(np.array([row["density_u"], row["density_v"]]) @ sizes[row["module"]])
                   for row in rows(settings, found))  # fmt: skip
        assert kept / sum(map(np.sum, sizes.values())) == pytest.approx(0.5, abs=0.02)


def test_energy_is_that_of_as_many_first_components() -> None:
    """Though the first one is the one that is lost."""
    found = heavy_sources(1)
    worth = {name: (np.ones_like(source.svd.u.T), np.ones_like(source.svd.vt)) for name, source in found.items()}
    for u, v in worth.values():
        u[0], v[0] = 0, 0
    known = {name: Source(svd=source.svd, worth=worth[name]) for name, source in found.items()}

    for row in module_rows(_without_first(known), known):
        squares = known[row["module"]].svd.s ** 2
        assert row["rank"] == 1
        assert row["energy"] == pytest.approx(squares[:2].sum() / squares.sum())
        assert row["error"] ** 2 == pytest.approx(1 - squares[1] / squares.sum(), abs=1e-3)


def _without_first(known: dict[str, Source]) -> Osd:
    return compress(known, Settings(rank=2, score="taylor", density=0.5)).osd
