"""Recipes: how an expert is made for one base, resolved from params.yaml, named configs and its manifest.

``resolve`` reads what people wrote and reports every problem at once; ``write_recipes`` leaves the
result in ``build/recipes/``; ``read_recipe`` gives it to the stages that follow. No stage reads
params.yaml itself.
"""

from __future__ import annotations

from expertkit.bases import BaseModel
from expertkit.recipes.recipe import (
    DataConfig,
    DataRecipe,
    DecomposeConfig,
    EvaluateConfig,
    OsdConfig,
    PackageConfig,
    Recipe,
    SearchConfig,
    SignConfig,
)
from expertkit.recipes.resolution import resolve
from expertkit.recipes.store import are_written, load_recipe, read_data_recipe, read_recipe, write_recipes
from expertkit.recipes.train_config import TrainConfig

__all__ = [
    "BaseModel",
    "DataConfig",
    "DataRecipe",
    "DecomposeConfig",
    "EvaluateConfig",
    "OsdConfig",
    "PackageConfig",
    "Recipe",
    "SearchConfig",
    "SignConfig",
    "TrainConfig",
    "are_written",
    "load_recipe",
    "read_data_recipe",
    "read_recipe",
    "resolve",
    "write_recipes",
]
