"""What was measured of an adapter goes into its sources, and from there into what is kept."""

from __future__ import annotations

import numpy as np
import pytest

from expertkit.osd import Settings, Source, compress, sources
from expertkit.osd.calibration import Calibration, Measured, calibrated
from expertkit.osd.settings import Codec, Score
from tests.adapters.builders import SHAPES, random_lora, update

_RANK = 4


def measured(*, rank: int = _RANK, seed: int = 2) -> Calibration:
    """Random findings about the modules of ``SHAPES``."""
    rng = np.random.default_rng(seed)
    modules = {
        name: Measured(
            inputs=0.1 + rng.random(width),
            taylor=(rng.random((rank, out)), rng.random((rank, width))),
            fisher=(rng.random((rank, out)), rng.random((rank, width))),
        )
        for name, (out, width) in SHAPES.items()
    }
    return Calibration(modules=modules, sequences=3, tokens=9)


@pytest.mark.parametrize("score", ["taylor", "fisher"])
def test_entries_of_most_worth_are_kept(score: Score) -> None:
    """By the score that is asked for, whatever the module, in components that keep some on both sides."""
    calibration, settings = measured(), Settings(rank=_RANK, score=score, density=0.25, codec="f32")
    worths = {name: getattr(each, score) for name, each in calibration.modules.items()}
    everything = np.concatenate([side.ravel() for sides in worths.values() for side in sides])
    threshold = np.sort(everything)[-round(everything.size / 4)]

    osd = compress(calibrated(sources(random_lora()), calibration, score), settings).osd

    for name, module in osd.modules.items():
        u, v = (side >= threshold for side in worths[name])
        both = u.any(axis=1) & v.any(axis=1)
        np.testing.assert_array_equal(module.u != 0, u[both])
        np.testing.assert_array_equal(module.v != 0, v[both])


def test_an_update_is_seen_as_its_inputs_see_it() -> None:
    """The components of D diag(c), whatever is asked for beside; with nothing left out, D comes back."""
    lora, calibration = random_lora(), measured()

    found = calibrated(sources(lora), calibration, "act")

    for name, source in found.items():
        assert source.seen is not None
        svd, inputs = source.seen.svd, calibration.modules[name].inputs
        np.testing.assert_allclose((svd.u * svd.s) @ svd.vt, update(lora, name) * inputs, atol=1e-12)
        np.testing.assert_allclose(svd.u.T @ svd.u, np.eye(_RANK), atol=1e-12)
        assert source.worth is None
    whole = compress(found, Settings(rank=_RANK, score="act", codec="f32")).osd
    for name, changed in whole.updates():
        np.testing.assert_allclose(changed, update(lora, name), atol=1e-5)


def test_an_input_that_was_never_seen_has_a_size() -> None:
    """So that one can divide by it; also where no input was."""
    calibration = measured()
    first, second = calibration.modules.values()
    first.inputs[2] = 0
    second.inputs[:] = 0

    found = calibrated(sources(random_lora()), calibration, "act")

    for source in found.values():
        assert source.seen is not None
        assert (source.seen.inputs > 0).all()
    assert all(np.isfinite(module.v).all() for module in
               compress(found, Settings(rank=_RANK, score="act", density=0.5)).osd.modules.values())  # fmt: skip


@pytest.mark.parametrize("codec", ["f16", "int8"])
@pytest.mark.parametrize("size", [1e-9, 1e6])
def test_inputs_of_any_size_leave_numbers_that_the_codec_has(codec: Codec, size: float) -> None:
    """What V is divided by is in S, so that small inputs take nothing out of range, and their unit does not count."""
    lora, calibration = random_lora(), measured()
    for each in calibration.modules.values():
        each.inputs[:] *= size

    osd = compress(calibrated(sources(lora), calibration, "act"), Settings(rank=_RANK, score="act", codec=codec)).osd

    for name, changed in osd.updates():
        wanted = update(lora, name)
        assert np.linalg.norm(changed - wanted) < 0.02 * np.linalg.norm(wanted)


def test_components_that_are_not_there_have_no_worth() -> None:
    """A factor of lower rank than it has rows is measured with zeros after its last component."""
    lora = random_lora()
    for factors in lora.modules.values():
        factors.a[2:] = 0
    empty = random_lora()
    for factors in empty.modules.values():
        factors.b[:] = 0

    for adapter, rank in ((lora, 2), (empty, 0)):
        found = calibrated(sources(adapter), measured(), "fisher")
        assert {name: worth_shapes(source) for name, source in found.items()} == {
            name: ((rank, out), (rank, width)) for name, (out, width) in SHAPES.items()
        }


def worth_shapes(source: Source) -> tuple[tuple[int, ...], ...]:
    """Those of both sides."""
    assert source.worth is not None
    return tuple(side.shape for side in source.worth)


def test_findings_about_another_adapter_are_a_mistake_of_the_caller() -> None:
    """Of other modules, other shapes, or fewer components."""
    found = sources(random_lora())
    (first, own), *_ = measured().modules.items()
    turned = Measured(inputs=own.inputs, taylor=own.taylor[::-1], fisher=own.fisher)

    for modules in ({first: own}, {**measured().modules, first: turned}, measured(rank=3).modules):
        with pytest.raises(ValueError, match="calibration"):
            calibrated(found, Calibration(modules=modules, sequences=1, tokens=1), "fisher")
