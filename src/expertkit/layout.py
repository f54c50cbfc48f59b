"""Where a project keeps the files that several of its parts read or write, all from the project's root.

What stages write for an expert lies in ``<folder>/<expert>``, for an expert on a base in ``<folder>/<expert>-<base>``.
"""

from __future__ import annotations

from pathlib import Path

PARAMS = Path("params.yaml")
EXPERTS = Path("experts")
BASE_MODELS = Path("configs/base_models")
TRAINING = Path("configs/training")
SEARCHES = Path("configs/search")
MODELS = Path("models")

RECIPES = Path("build/recipes")
DATA = Path("build/data")
TRAIN = Path("build/train")
SEARCH = Path("build/search")
DECOMPOSE = Path("build/decompose")
EVALUATE = Path("build/evaluate")
PACKAGES = Path("build/packages")
SIGNED = Path("build/signed")
REPLAY = Path("build/replay")
PUBLISHER = Path("build/publisher.pub")
"""The public key that the project's packages are signed and checked with."""
CERTIFICATES = Path("build/publisher.crt")
"""The certificates of that key, which travel with its signatures."""
DIST = Path("dist")
RELEASES = Path("releases/releases.json")
"""What was ever promoted; in git."""
LOG = Path("releases/log.jsonl")
"""The append-only log of signatures, an entry a line; in git."""
CHECKPOINT = Path("releases/log.checkpoint")
"""The newest signed state of the log; in git."""
RELEASED = Path("releases/packages")
"""The promoted packages, each named by its content digest; not in git."""

CHECKPOINTS = Path(".work/checkpoints")
PROGRESS = Path(".work/progress")
SEARCHED = Path(".work/search")
"""What searches found that no release rests on, in a folder for each grid of configs/search/."""
TRIALS_DONE = Path(".work/trials")
"""What ways to compress adapters were found to be worth, each by the digest of all that decides it."""
LOOKS = Path(".work/looks")
"""How often the test items of an expert were looked at on a base."""
REBUILT = Path(".work/bases")
"""Embedded bases that were built and are not the pinned ones."""

GRAMMAR = "grammar.gbnf"
"""What every answer of an expert is a sentence of, in its folder and its packages."""
RECORDED = "replay.jsonl"
"""Answers that an evaluation recorded, in its folder and in packages."""
WEIGHTS = "weights"
"""The folder of an expert's adapters, one folder in it for each base."""
METRICS = "metrics.json"
"""What a stage measured, in the folder it wrote."""
PAGE = "report.html"
"""The same for people, where there is more to see than numbers."""
REPLAYED = "replay.json"
"""Which package answered as recorded, in the folder of its expert and base."""
WINNER = "winner.json"
"""The way to compress that a search chose, or why none."""
SUMMARY = "data.json"
"""What an expert's data is, in its folder: digest, sizes, forms."""
ENVIRONMENT = "environment.json"
"""Under which circumstances an adapter was trained or an embedded base built, beside it."""
CURVE = "loss.csv"
"""How its loss went."""


TEST = "test.jsonl"
"""The items that decide the verdict, in the folder of an expert's data."""
TRIALS = "trials.jsonl"
"""What answers are run on or with, in the folder of an expert's data."""

PACKAGE_SUFFIX = ".expert"
"""What the name of a package ends in."""


def weights(expert: str, base: str) -> Path:
    """The folder of the adapter that is shipped, which lies with the expert."""
    return EXPERTS / expert / WEIGHTS / base
