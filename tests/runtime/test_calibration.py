"""What is measured of an adapter is what PEFT's gradients say, and what the loss does when an entry is changed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from expertkit.adapters import Factors, Lora, decompose
from expertkit.data.domain import domain
from expertkit.data.prompt import Turn, completion, render
from expertkit.data.templates import TEMPLATES
from expertkit.errors import CompatibilityError, FormatError, PackagingError
from expertkit.osd import Settings, compress, sources
from expertkit.osd.calibration import calibrated
from expertkit.runtime.calibration import IGNORED, Row, calibrate
from expertkit.runtime.loading import attach, load_base
from expertkit.training import rows as training
from tests.osd.test_fusion import tiny_adapter

_BASE = Path("models/qwen3-tiny")
_KINDS = ["lora", "dora"]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    """In models so small, several only wait for each other."""
    torch.set_num_threads(1)


@cache
def model() -> Any:
    """The embedded base, which calibrating leaves as it was."""
    return load_base(_BASE)[0]


@cache
def items(count: int = 3) -> list[training.Row]:
    """Questions with answers, as training has them."""
    tokenizer, template = load_base(_BASE)[1], TEMPLATES["chatml"]
    return [
        training.encode_row(
            tokenizer, prompt=render(template, Turn(question=item.question, context=item.context)),
            completion=completion(template, item.answer),
        )
        for item in domain("sql").generate("train", count=count, seed=4)
    ]  # fmt: skip


@pytest.mark.parametrize("kind", _KINDS)
def test_worths_are_those_of_peft_gradients(kind: str) -> None:
    """Of its singular value decomposition, one row after another, with the loss that transformers has for labels."""
    lora = tiny_adapter(kind)
    wrapped: Any = attach(load_base(_BASE)[0], decompose(lora, dtype="float32").lora, base="qwen3-tiny")
    sums = {name: np.zeros((4, *value.shape)) for name, value in wrapped.named_parameters() if "lora_" in name}

    for row in items():
        wrapped.zero_grad()
        wrapped(input_ids=torch.tensor([row["input_ids"]]), labels=torch.tensor([row["labels"]])).loss.backward()
        for name, value in wrapped.named_parameters():
            if "lora_" in name:
                effect = (value * value.grad).detach().numpy()
                sums[name][:2] += np.abs(effect), effect**2

    found = calibrate(model(), lora, items(), base="qwen3-tiny")
    assert found.modules.keys() == lora.modules.keys()
    assert found.sequences == len(items())
    for name, measured in found.modules.items():
        u, v = (sums[f"base_model.model.{name}.lora_{side}.default.weight"] for side in "BA")
        for wanted, got in zip((u[0].T, v[0], u[1].T, v[1]), (*measured.taylor, *measured.fisher), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-4 * wanted.max())


def test_a_worth_is_what_the_loss_does_when_the_entry_grows() -> None:
    """At the largest entries of some modules, by finite differences, with merged weights and without PEFT."""
    lora, row = tiny_adapter("lora"), items()[0]
    found = calibrate(model(), lora, [row], base="qwen3-tiny")
    precise: Any = load_base(_BASE)[0].double()
    plain = {name: precise.get_submodule(name).weight.data.clone() for name in lora.modules}
    for name, source in sources(lora).items():
        precise.get_submodule(name).weight.data += torch.from_numpy((source.svd.u * source.svd.s) @ source.svd.vt)

    for name in list(lora.modules)[::9]:
        svd = sources(lora)[name].svd
        for side in (0, 1):
            worths = found.modules[name].taylor[side]
            component, entry = np.unravel_index(worths.argmax(), worths.shape)
            losses = []
            for growth in (0.01, -0.01):
                u, v = svd.u.T * svd.s[:, None], svd.vt.copy()
                (u, v)[side][component, entry] *= 1 + growth
                precise.get_submodule(name).weight.data = plain[name] + torch.from_numpy(u.T @ v)
                losses.append(answer_loss(precise, row))
            precise.get_submodule(name).weight.data = plain[name] + torch.from_numpy((svd.u * svd.s) @ svd.vt)
            effect = (losses[0] - losses[1]) / 0.02
            np.testing.assert_allclose(worths[component, entry], abs(effect), rtol=0.01)
            np.testing.assert_allclose(found.modules[name].fisher[side][component, entry], effect**2, rtol=0.02)


@torch.no_grad()
def answer_loss(precise: Any, row: Row) -> float:
    """The mean over the answer's tokens of what each costs after those before it."""
    ids = torch.tensor(row["input_ids"])
    start = next(at for at, label in enumerate(row["labels"]) if label != IGNORED)
    expected = precise(input_ids=ids[None]).logits[0].log_softmax(-1)
    return float(-sum(expected[at - 1, ids[at]] for at in range(start, len(ids))) / (len(ids) - start))


def test_inputs_are_those_from_which_answers_are_predicted() -> None:
    """Worked out from the embeddings for the first layer, which no adapter changes; the question does not count."""
    name, layer = "model.layers.0.self_attn.q_proj", model().model.layers[0]

    found = calibrate(model(), tiny_adapter("lora"), items(), base="qwen3-tiny")

    read = []
    for row in items():
        start = row["labels"].count(IGNORED)
        embedded = model().model.embed_tokens.weight.detach()[row["input_ids"][start - 1 : -1]].double().numpy()
        mean = np.mean(embedded**2, axis=1, keepdims=True) + model().config.rms_norm_eps
        read.append(embedded / np.sqrt(mean) * layer.input_layernorm.weight.detach().double().numpy())
    inputs = np.concatenate(read)
    assert found.tokens == len(inputs)
    np.testing.assert_allclose(found.modules[name].inputs, np.sqrt(np.mean(inputs**2, axis=0)), rtol=1e-5)


def test_the_same_update_has_the_same_worths_however_it_is_written() -> None:
    """(B X, X^-1 A) has the same singular vectors as (B, A)."""
    lora, rng = tiny_adapter("lora"), np.random.default_rng(3)
    mix = np.linalg.qr(rng.standard_normal((lora.rank, lora.rank)))[0] * np.linspace(0.5, 2, lora.rank)

    def mixed(factors: Factors) -> Factors:
        return replace(factors, b=as_float(factors.b @ mix), a=as_float(np.linalg.inv(mix) @ factors.a))

    other = replace(lora, modules={name: mixed(factors) for name, factors in lora.modules.items()})

    one, two = (calibrate(model(), each, items()[:1], base="qwen3-tiny") for each in (lora, other))

    for name, measured in one.modules.items():
        for wanted, got in zip(measured.taylor, two.modules[name].taylor, strict=True):
            np.testing.assert_allclose(got, wanted, atol=0.01 * wanted.max())


def as_float(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rounded, in rows."""
    return np.ascontiguousarray(values, np.float32)


def test_the_same_input_gives_the_same_numbers() -> None:
    """Bit for bit, however many threads are allowed; as many are allowed after it, and the base is as it was."""
    ids, before = torch.tensor([items()[0]["input_ids"]]), torch.get_num_threads()
    with torch.no_grad():
        logits = model()(input_ids=ids).logits
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(calibrate(model(), tiny_adapter("dora"), items(), base="qwen3-tiny"))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)

    for name, measured in found[0].modules.items():
        other = found[1].modules[name]
        pairs = zip((*measured.taylor, *measured.fisher), (*other.taylor, *other.fisher), strict=True)
        assert all(np.array_equal(one, two) for one, two in pairs)
        assert np.array_equal(measured.inputs, other.inputs)
    with torch.no_grad():
        assert torch.equal(model()(input_ids=ids).logits, logits)


@pytest.mark.parametrize("score", ["taylor", "fisher", "act"])
def test_a_measured_adapter_is_compressed_by_its_score(score: Any) -> None:
    """From the pass over rows to a file; half of the entries are another half than without it."""
    found = sources(tiny_adapter("lora"))

    known = calibrated(found, calibrate(model(), tiny_adapter("lora"), items(), base="qwen3-tiny"), score)
    small = compress(known, Settings(rank=8, score=score, density=0.5))
    plain = compress(found, Settings(rank=8, density=0.5))

    assert 0 < plain.error < 1
    assert 0 < small.error < 1
    assert small.data != plain.data


def test_too_few_and_too_many_sequences_are_refused() -> None:
    """The number is said."""
    for count in (0, 129):
        with pytest.raises(PackagingError, match=f"expected 1 to 128 sequences, got {count}"):
            calibrate(model(), tiny_adapter("lora"), items()[:1] * count, base="qwen3-tiny")


def test_sequences_in_which_nothing_counts_are_refused_by_their_numbers() -> None:
    """All of them at once; the first token of a sequence is predicted from nothing, and counts for nothing."""
    row = items()[0]
    silent = {**row, "labels": [IGNORED] * row["length"]}
    first = {**silent, "labels": [row["input_ids"][0], *silent["labels"][1:]]}

    with pytest.raises(FormatError, match="calibration, sequence 2, 3: expected a token that counts, got none"):
        calibrate(model(), tiny_adapter("lora"), [row, silent, first], base="qwen3-tiny")


def test_an_adapter_that_makes_no_sense_is_refused() -> None:
    """Its loss is no number; and one of another base."""
    lora = tiny_adapter("lora")
    large = {name: replace(factors, b=factors.b * np.float32(1e22)) for name, factors in lora.modules.items()}
    name, factors = next(iter(lora.modules.items()))
    other = Lora(modules={f"{name}.x": factors}, rank=lora.rank, alpha=lora.alpha)

    with pytest.raises(FormatError, match="calibration, sequence 1: expected a finite loss, got nan"):
        calibrate(model(), replace(lora, modules=large), items(), base="qwen3-tiny")
    with pytest.raises(CompatibilityError, match="adapter for qwen3-tiny: expected modules of the base"):
        calibrate(model(), other, items(), base="qwen3-tiny")
