"""Stage ``decompose`` where the adapter is compressed: as a person asks, as the recipe says, as a search chose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from expertkit import osd
from expertkit.adapters import Ia3, identity
from expertkit.errors import FormatError, PackagingError
from expertkit.files import read_json, sha256_bytes, write_json
from expertkit.osd.point import Point
from expertkit.packages.compressed import account
from expertkit.packages.decomposition import decompose_adapter
from expertkit.packages.weights import read_adapter, write_adapter
from expertkit.recipes import DecomposeConfig, OsdConfig, Recipe, SearchConfig
from tests.adapters.builders import SHAPES, random_lora, update
from tests.packages.builders import RECIPE, WEIGHTS, train

FILE = WEIGHTS / osd.NAME
SEARCHED = replace(RECIPE, search=SearchConfig(enabled=True))


def asking(config: OsdConfig) -> Recipe:
    """A recipe that says how to compress."""
    return replace(RECIPE, decompose=DecomposeConfig(dtype="float32", osd=config))


def choose(project: Path, point: Point | None, data: bytes = b"", *, of: int = 1) -> None:
    """What a search of an adapter leaves behind."""
    folder = project / "build/search/expert-mini-nano"
    write_json(
        folder / "winner.json",
        {
            "adapter": identity(random_lora(of)),
            "digest": sha256_bytes(data) if data else None,
            "point": point.to_json() if point else None,
            "why": "so it was",
        },
    )
    if data:
        (folder / osd.NAME).write_bytes(data)


def test_a_recipe_says_how_an_adapter_is_compressed(tmp_path: Path) -> None:
    """The file decodes to the trained update, as near as its account says."""
    train(tmp_path)

    found = decompose_adapter(tmp_path, asking(OsdConfig(rank=4, codec="f16", density=0.7)))

    shipped, trained = read_adapter(tmp_path / WEIGHTS, hint=""), random_lora(1)
    apart = sum(float(np.sum((update(shipped, name) - update(trained, name)) ** 2)) for name in SHAPES)
    whole = sum(float(np.sum(update(trained, name) ** 2)) for name in SHAPES)
    assert found["error"]["relative"] == pytest.approx((apart / whole) ** 0.5, rel=1e-5)
    assert found["adapter_bytes"] == (tmp_path / FILE).stat().st_size
    assert read_json(tmp_path / "build/decompose/expert-mini-nano/metrics.json") == found
    assert not (tmp_path / WEIGHTS / "adapter_model.safetensors").exists()


def test_what_a_person_asks_for_wins(tmp_path: Path) -> None:
    """A budget on the command line, whatever the recipe says."""
    train(tmp_path)
    point = Point(settings=osd.Settings(rank=4, codec="rdq"), budget=900)

    found = decompose_adapter(tmp_path, asking(OsdConfig(rank=4, codec="f16", density=1.0)), asked=point)

    assert found["point"] == "rdq rank 4 900 bytes"
    assert found["adapter_bytes"] <= 900


def test_a_search_has_the_last_word(tmp_path: Path) -> None:
    """Its file is shipped byte for byte; where it chose none, the adapter is shipped whole."""
    train(tmp_path)
    point = Point(settings=osd.Settings(rank=4, codec="int8", density=0.5))
    data = osd.compress(osd.sources(random_lora(1)), point.settings).data

    choose(tmp_path, point, data)
    assert decompose_adapter(tmp_path, SEARCHED)["point"] == point.name
    assert (tmp_path / FILE).read_bytes() == data

    choose(tmp_path, None)
    assert "point" not in decompose_adapter(tmp_path, SEARCHED)
    assert not (tmp_path / FILE).exists()


def test_a_search_that_was_not_made_is_named_with_its_command(tmp_path: Path) -> None:
    """The stage does not search for itself."""
    train(tmp_path)

    with pytest.raises(PackagingError, match=r"winner\.json") as refusal:
        decompose_adapter(tmp_path, SEARCHED)

    assert refusal.value.hint == "expert-cli search --expert expert-mini --base nano"


def test_a_search_of_another_adapter_is_not_shipped(tmp_path: Path) -> None:
    """Who trains again searches again; what is no winner's file is malformed."""
    train(tmp_path)
    point = Point(settings=osd.Settings(rank=4, codec="int8", density=0.5))
    choose(tmp_path, point, osd.compress(osd.sources(random_lora(2)), point.settings).data, of=2)

    with pytest.raises(PackagingError, match="got one of another, trained before") as refusal:
        decompose_adapter(tmp_path, SEARCHED)

    assert refusal.value.hint == "expert-cli search --expert expert-mini --base nano"
    for odd in ({"why": ""}, [], {"adapter": "", "point": {"rank": 1}}):
        write_json(tmp_path / "build/search/expert-mini-nano/winner.json", odd)
        with pytest.raises(FormatError, match="expected a winner as a search writes it"):
            decompose_adapter(tmp_path, SEARCHED)


def test_another_file_than_the_search_chose_is_not_shipped(tmp_path: Path) -> None:
    """Though it is one that could be; nor are modules that the trained adapter does not have."""
    train(tmp_path)
    point = Point(settings=osd.Settings(rank=4, codec="int8", density=0.5))
    other = osd.compress(osd.sources(random_lora(1)), replace(point.settings, codec="f16")).data
    choose(tmp_path, point, osd.compress(osd.sources(random_lora(1)), point.settings).data)
    (tmp_path / "build/search/expert-mini-nano" / osd.NAME).write_bytes(other)

    with pytest.raises(PackagingError, match="expected the file that the search chose, got another") as refusal:
        decompose_adapter(tmp_path, SEARCHED)

    fewer = random_lora(1)
    fewer = replace(fewer, modules=dict([*fewer.modules.items()][1:]))
    choose(tmp_path, point, osd.compress(osd.sources(fewer), point.settings).data)
    with pytest.raises(FormatError, match="expected the modules of the trained adapter, got those of another"):
        decompose_adapter(tmp_path, SEARCHED)
    assert refusal.value.hint == "expert-cli search --expert expert-mini --base nano"
    assert not (tmp_path / FILE).exists()


def test_an_impossible_budget_says_the_smallest_possible(tmp_path: Path) -> None:
    """And leaves what was there; the size that it names is possible."""
    train(tmp_path)
    decompose_adapter(tmp_path, RECIPE)
    before = (tmp_path / WEIGHTS / "adapter_model.safetensors").read_bytes()
    settings = osd.Settings(rank=4, codec="rdq")

    with pytest.raises(PackagingError, match=r"expected a budget of at least \d+ bytes, got 10") as refusal:
        decompose_adapter(tmp_path, RECIPE, asked=Point(settings=settings, budget=10))

    assert (tmp_path / WEIGHTS / "adapter_model.safetensors").read_bytes() == before
    smallest = int(str(refusal.value).split("at least ")[1].split()[0])
    assert (
        decompose_adapter(tmp_path, RECIPE, asked=Point(settings=settings, budget=smallest))["adapter_bytes"]
        <= smallest
    )


def test_a_rank_above_the_source_is_refused(tmp_path: Path) -> None:
    """There are no more components than were trained."""
    train(tmp_path)

    with pytest.raises(FormatError, match="rank: expected at most 4, as it was trained, got 8"):
        decompose_adapter(tmp_path, asking(OsdConfig(rank=8, density=0.5, codec="f16")))


def test_a_score_that_needs_gradients_is_left_to_the_search(tmp_path: Path) -> None:
    """The stage has no model."""
    train(tmp_path)
    point = Point(settings=osd.Settings(rank=4, codec="rdq", score="fisher"), bits=4.0)

    with pytest.raises(FormatError, match="score: expected mag or fro, got fisher") as refusal:
        decompose_adapter(tmp_path, RECIPE, asked=point)

    assert "search.scores" in str(refusal.value.hint)


def test_law_12_an_ia3_adapter_is_refused(tmp_path: Path) -> None:
    """It scales, and has no singular vectors of its own; where a search is asked for, it is shipped whole."""
    ia3 = Ia3(modules={"m.q_proj": np.ones((2, 1), np.float32)}, feedforward_modules=())
    train(tmp_path)
    write_adapter(tmp_path / "build/train/expert-mini-nano", ia3, base="nano")
    whole = replace(SEARCHED, decompose=DecomposeConfig(dtype="float32"))

    with pytest.raises(
        FormatError, match="expected a LoRA or DoRA to compress, got ia3, which has no singular vectors"
    ):
        decompose_adapter(tmp_path, asking(OsdConfig(rank=4, density=0.5, codec="f16")))

    assert decompose_adapter(tmp_path, whole)["kind"] == "ia3"


def test_an_account_compares_what_is_shipped_with_what_was_trained(tmp_path: Path) -> None:
    """Module by module; of a whole adapter there is none."""
    train(tmp_path)
    decompose_adapter(tmp_path, RECIPE)
    with pytest.raises(FormatError, match=r"expected adapter_model\.osd, got an adapter that is not compressed"):
        account(tmp_path, "expert-mini", "nano")

    told = decompose_adapter(tmp_path, asking(OsdConfig(rank=4, codec="rdq", bits_per_parameter=20.0)))
    found = account(tmp_path, "expert-mini", "nano")

    train(tmp_path, seed=2)
    with pytest.raises(PackagingError, match="expected what was made of the trained adapter, got one of another"):
        account(tmp_path, "expert-mini", "nano")
    (tmp_path / "build/decompose/expert-mini-nano/metrics.json").unlink()
    with pytest.raises(PackagingError, match=r"metrics\.json: expected a file, got none"):
        account(tmp_path, "expert-mini", "nano")
    assert found["error"] == told["error"]
    assert [row["module"] for row in found["modules"]] == sorted(SHAPES)
    assert all(0 <= row["error"] < 1 and 0 < row["cosine"] <= 1 for row in found["modules"])
