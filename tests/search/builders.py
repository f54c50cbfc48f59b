"""Trials, recipes and a project in which an adapter was trained, made in code."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from expertkit import bases, layout
from expertkit.adapters import Factors, Lora
from expertkit.data.build import build_data
from expertkit.osd.point import Point
from expertkit.osd.settings import Score, Settings
from expertkit.packages.weights import write_adapter
from expertkit.recipes import Recipe, SearchConfig
from expertkit.search.trials import Trial
from tests.packages.builders import RECIPE, put

SMALL = SearchConfig(
    enabled=True, ranks=(2, 4), codecs=("f16", "rdq"), scores=("fro",), kept=(0.3,), bits=(2.0, 4.0), points=2,
    items=12, tolerance=1.0,
)  # fmt: skip
"""Six ways, of which any is good enough."""

SEARCHED = replace(
    RECIPE, data=replace(RECIPE.data, train=60, dev=12, test=5, unseen=0), search=SMALL,
    evaluate=replace(RECIPE.evaluate, max_new_tokens=6),
)  # fmt: skip


def make_trial(size: int, error: float, *, score: Score = "fro", name: int = 1) -> Trial:
    """A trial of a mask; ``name`` tells those of the same size and error apart."""
    return Trial(point=Point(settings=Settings(rank=name, score=score)), size=size, error=error, density=0.5)


def make_lora(shapes: Mapping[str, tuple[int, int]], *, rank: int = 4, seed: int = 1) -> Lora:
    """An adapter for modules of these shapes that changes little."""
    numbers = np.random.default_rng(seed)
    modules = {
        name: Factors(
            a=(numbers.standard_normal((rank, width)) / 8).astype(np.float32),
            b=(numbers.standard_normal((out, rank)) / 8).astype(np.float32),
        )
        for name, (out, width) in shapes.items()
    }
    return Lora(rank=rank, alpha=float(rank), modules=modules)


def make_project(folder: Path, base: Path, recipe: Recipe = SEARCHED) -> Lora:
    """A project with data and a trained adapter for a base, which is given."""
    shutil.copytree(base, folder / "models/nano")
    put(folder / layout.RECIPES / f"{recipe.key}.json", recipe.to_json())
    build_data(folder, recipe.data_recipe())
    shapes = {name: shape for name, shape in bases.linear_shapes(base).items() if name.endswith(("q_proj", "v_proj"))}
    adapter, trained = make_lora(shapes), folder / layout.TRAIN / recipe.key
    trained.mkdir(parents=True)
    write_adapter(trained, adapter, base=recipe.base)
    return adapter
