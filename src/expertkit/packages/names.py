"""Names that have a meaning: of a package, and of the members that it has."""

from __future__ import annotations

from expertkit import adapters, layout, osd
from expertkit.manifest import base_slug

MANIFEST = "manifest.json"
EVALUATION = "evaluation.json"
TENSORS = adapters.TENSORS
OSD = osd.NAME
ADAPTER_CONFIG = adapters.CONFIG
TRAINING_ARGS = "training_args.json"
PROVENANCE = "provenance.json"
RECIPE = "recipe.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
SPECIAL_TOKENS = "special_tokens_map.json"
VOCABULARY = "vocab.json"
README = "README.md"
LICENSE = "LICENSE"
GRAMMAR = layout.GRAMMAR
REPORT = layout.PAGE
REPLAY = layout.RECORDED

ROUTER_KEYWORDS = "router/keywords.json"
ROUTER_EMBEDDINGS = "router/embeddings.safetensors"

CARRIERS = (TENSORS, OSD)
"""The members of which a package has one: it carries the adapter."""

REQUIRED = frozenset({
    ADAPTER_CONFIG, EVALUATION, MANIFEST, PROVENANCE, RECIPE, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG,
    TRAINING_ARGS, VOCABULARY,
})  # fmt: skip
"""Members without which, and without a carrier, a file is no package."""

OPTIONAL = frozenset({README, LICENSE, GRAMMAR, REPORT, REPLAY, ROUTER_KEYWORDS, ROUTER_EMBEDDINGS})
"""The expert's own, what its evaluation left (the page for people, recorded answers), and what speaks for it to a
router; where they exist."""
TESTS = "tests/"
"""What the names of the expert's tests begin with."""
CUSTOM = "custom/"
"""What names begin with of which nothing is said: a publisher's own."""


def package_name(expert: str, base: str | None, version: str) -> str:
    """File name of a package, such as ``expert-sql-qwen3-tiny.v1.0.0.expert``; schema 1.0 names no base."""
    named = f"{expert}-{base_slug(base)}" if base else expert
    return f"{named}.v{version}{layout.PACKAGE_SUFFIX}"
