"""Manifests of schema 2.0 are read strictly, and kept as they were written."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from expertkit.data.domain import DOMAINS
from expertkit.data.templates import TEMPLATES
from expertkit.errors import ManifestError
from expertkit.manifest import loads, parse
from expertkit.recipes.recipe import Domain, PromptTemplate
from tests.manifest.builders import raw_base, raw_manifest, without


def problems_of(raw: object) -> list[str]:
    """What is wrong with a manifest, without the file's name."""
    with pytest.raises(ManifestError) as refusal:
        parse(raw, file="manifest.json")
    return [str(problem).removeprefix("manifest.json: ") for problem in refusal.value.problems]


def test_a_manifest_says_what_an_expert_is_and_keeps_its_text() -> None:
    """Comments and the order of keys survive, because packages write the mapping back."""
    raw = {"_comment": "first", **raw_manifest(base_models=[raw_base("tiny"), raw_base("small", _note="second")])}

    manifest = loads(json.dumps(raw).encode(), file="manifest.json")

    assert (manifest.name, manifest.version, manifest.training.dataset.generation.domain) == (
        "expert-sql",
        "1.0.0",
        "sql",
    )
    assert [entry.name for entry in manifest.base_models] == ["tiny", "small"]
    assert json.dumps(manifest.raw) == json.dumps(raw)


def test_everything_the_schema_knows_is_accepted() -> None:
    """Optional blocks are read when they are there."""
    raw = raw_manifest(
        author="A",
        homepage="https://example.org",
        repository={"type": "git", "url": "https://example.org/x.git"},
        base_models=[raw_base(sha256="a" * 64, quantization="bf16")],
        soft_prompts=[{"name": "intro", "path": "soft/intro.bin", "tokens": 8}],
        routing={"keywords": ["sql"], "exclude_keywords": [], "router_hint": "sql", "priority": 0.5},
        runtime={
            "candle_compatible": False,
            "attention_kernel": "sdpa",
            "kv_cache": "static",
            "attn_impl": "sdpa",
            "max_experts": 4,
        },
        limitations=["joins", {"pattern": "windows", "description": "not taught", "workaround": "none"}],
        tags=["sql"],
        quality_metrics={"benchmark_score": 0.9, "p_value": 1e-9, "test_queries": 500},
        integrity={"algorithm": "sha256", "files": {"README.md": "0" * 64}},
    )
    raw["training"]["decoding"] = {
        "use_grammar": True,
        "grammar_type": "gbnf",
        "grammar_file": "grammar.gbnf",
        "top_k": 1,
    }

    manifest = parse(raw, file="manifest.json").manifest

    assert manifest.quality_metrics is not None
    assert manifest.quality_metrics.benchmark_score == 0.9
    assert manifest.integrity is not None
    assert manifest.integrity.files == {"README.md": "0" * 64}
    assert manifest.base("tiny") is manifest.base_models[0]
    assert manifest.base("other") is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "sql"}, "/name: expected an expert's name such as 'expert-sql', got \"sql\""),
        ({"name": "expert-SQL"}, "/name: expected an expert's name"),
        ({"version": "1.0"}, "/version: expected a semantic version such as '1.0.0', got \"1.0\""),
        ({"version": "01.0.0"}, "/version: expected a semantic version"),
        ({"description": " "}, "/description: expected a text that is not empty"),
        ({"licence": "MIT"}, "/licence: expected a known key, got \"licence\", did you mean 'license'?"),
        ({"base_models": []}, "/base_models: expected a list (a mapping each), no two with the same name, at least 1"),
        ({"base_models": [raw_base(), raw_base()]}, "/base_models: expected a list (a mapping each), no two with"),
        ({"base_models": [raw_base("F:/models/Qwen3")]}, "/base_models/0/name: expected a base model's name"),
        ({"base_models": [raw_base(sha256="")]}, "/base_models/0/sha256: expected a SHA-256 of 64 hex digits, got"),
        ({"base_models": [raw_base(adapters=[])]}, "/base_models/0/adapters: expected a list"),
        (
            {"base_models": [raw_base(prompt_template="chatmi")]},
            "got \"chatmi\", did you mean 'chatml'?",
        ),
        ({"base_model": {"name": "x"}}, "/base_model: expected either base_model or base_models, got both"),
        ({"capabilities": []}, "/capabilities: expected a list"),
        ({"capabilities": ["two words"]}, "/capabilities/0: expected a word without spaces"),
        (
            {"constraints": {"load_order": -1, "incompatible_with": [], "requires": ["sql"]}},
            "/constraints/load_order: expected",
        ),
        (
            {"constraints": {"load_order": 1, "incompatible_with": [], "requires": ["sql"]}},
            "/constraints/requires/0: expected an expert",
        ),
        (
            {"perf": {"latency_ms_overhead": 1, "vram_mb_overhead": 1, "supported_batch_sizes": [0]}},
            "/perf/supported_batch_sizes/0",
        ),
        ({"routing": {"keywords": ["a"], "priority": 2}}, "/routing/priority: expected a number in 0..1, got 2"),
        (
            {"evaluation": {"test_cases": "../x.json", "grader": "sql"}},
            "/evaluation/test_cases: expected a path inside",
        ),
        ({"evaluation": {"test_cases": "/x.json", "grader": "sql"}}, "/evaluation/test_cases: expected a path inside"),
        ({"license": None}, "/license: expected a word without spaces, got null"),
        ({"integrity": {"algorithm": "md5", "files": {}}}, '/integrity/algorithm: expected "sha256", got "md5"'),
        ({"integrity": {"algorithm": "sha256", "files": {"a": "A" * 64}}}, "/integrity/files/a: expected a SHA-256"),
        ({"limitations": [3]}, "/limitations/0: expected a text that is not empty or a mapping, got 3"),
        (
            {"soft_prompts": [{"name": "a", "path": "a", "tokens": 513}]},
            "/soft_prompts/0/tokens: expected a whole number in 1..512",
        ),
    ],
)
def test_each_wrong_field_is_refused_with_its_place(changes: dict[str, Any], told: str) -> None:
    """Types, forms, ranges and names are checked before anything runs."""
    found = problems_of(raw_manifest(**changes))

    assert any(told in problem for problem in found), found


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "version",
        "description",
        "capabilities",
        "constraints",
        "perf",
        "training",
        "license",
    ],
)
def test_each_required_field_is_missed(key: str) -> None:
    """A manifest without it is refused, for that reason alone."""
    (found,) = problems_of(without(raw_manifest(), key))

    assert found.startswith(f"/{key}: expected ")
    assert found.endswith(", got nothing")


@pytest.mark.parametrize("version", ["2", "2.1", "3.0", "", 2.0, None])
def test_another_schema_version_is_refused_by_what_is_supported(version: object) -> None:
    """A version is never guessed: what another one means is not known here."""
    (found,) = problems_of(raw_manifest(schema_version=version))

    assert found.startswith('/schema_version: expected a supported version ("1.0", "2.0"), got ')


@pytest.mark.parametrize(("key", "version"), [("base_models", "2.1"), ("base_models", 3), ("base_model", "0.9")])
def test_a_manifest_of_another_schema_version_is_read_on_as_the_nearest(key: str, version: object) -> None:
    """What is wrong beside it is told at once, by the schema that has such bases."""
    raw = raw_manifest(name="x", schema_version=version)
    single = {"base_model": {"name": "T"}, "adapters": raw_base()["adapters"]}
    raw = raw if key == "base_models" else {**without(raw, "base_models"), **single}

    found = [problem.partition(":")[0] for problem in problems_of(raw)]

    assert found == ["/schema_version", "/name", *(["/base_model/name"] if key == "base_model" else [])]


def test_the_bases_of_the_other_schema_are_told_with_the_way_out() -> None:
    """They are read on as what they are, so that nothing else is blamed for it."""
    single = {"base_model": {"name": "T"}, "adapters": raw_base()["adapters"]}

    old_in_new = problems_of({**without(raw_manifest(), "base_models"), **single})
    new_in_old = problems_of(raw_manifest(schema_version="1.0"))

    told, inside = old_in_new
    assert told.startswith(
        '/base_model: expected base_models, or schema_version "1.0", which expert-cli migrate writes'
    )
    assert inside == "/base_model/name: expected a base model's name such as 'qwen3-0.6b', got \"T\""
    assert new_in_old == ['/schema_version: expected "2.0" with base_models, got "1.0"']


def test_a_missing_schema_version_is_told_beside_the_other_problems() -> None:
    """A manifest that has base_models is one of schema 2.0 that forgot to say so."""
    found = problems_of(without(raw_manifest(name="x"), "schema_version"))

    assert sorted(problem.partition(":")[0] for problem in found) == ["/name", "/schema_version"]


def test_all_problems_are_told_at_once() -> None:
    """A person fixes a manifest once."""
    raw = raw_manifest(name="sql", version="one", licence="MIT", base_model={}, capabilities="sql")
    raw["training"]["config"] = {"rank": 999, "alhpa": 3}

    found = problems_of(without(raw, "perf"))

    assert [problem.partition(":")[0] for problem in found] == [
        "/base_model",
        "/licence",
        "/name",
        "/version",
        "/capabilities",
        "/training/config/alhpa",
        "/training/config/rank",
        "/perf",
    ]


@pytest.mark.parametrize("raw", [None, [], "manifest", 3])
def test_what_is_no_mapping_is_no_manifest(raw: object) -> None:
    """The outermost value is an object."""
    (found,) = problems_of(raw)

    assert "expected a mapping" in found


def test_the_words_of_a_manifest_are_those_that_the_line_knows() -> None:
    """A domain or template that a manifest may name can be built and rendered, and no other exists."""
    assert get_args(Domain) == DOMAINS
    assert {*get_args(PromptTemplate)} == {*TEMPLATES, "custom", "tokenizer"}
