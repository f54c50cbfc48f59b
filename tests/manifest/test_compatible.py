"""Manifests of others are read compatibly: what old ones are known to contain is a warning with its JSON pointer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from expertkit.errors import ManifestError
from expertkit.manifest import Reading, load, parse
from tests.manifest.builders import raw_base, raw_manifest, without

Change = Callable[[dict[str, Any]], object]


def read(raw: dict[str, Any]) -> Reading:
    """The manifest, with warnings."""
    return parse(raw, file="manifest.json", compatible=True)


def config(**settings: Any) -> Change:
    """A change of training.config."""
    return lambda raw: raw["training"]["config"].update(settings)


def training(**said: Any) -> Change:
    """A change of training."""
    return lambda raw: raw["training"].update(said)


def dataset(**said: Any) -> Change:
    """A change of training.dataset."""
    return lambda raw: raw["training"]["dataset"].update(said)


def adapter(**said: Any) -> Change:
    """A change of the first adapter of the first base."""
    return lambda raw: raw["base_models"][0]["adapters"][0].update(said)


def base(**said: Any) -> Change:
    """A change of the first base."""
    return lambda raw: raw["base_models"][0].update(said)


def top(**said: Any) -> Change:
    """A change of the manifest itself."""
    return lambda raw: raw.update(said)


DEVIATIONS: list[tuple[Change, list[str]]] = [
    (config(gradient_checkpointing="selective"), ["/training/config/gradient_checkpointing"]),
    (config(gradient_checkpointing="full"), ["/training/config/gradient_checkpointing"]),
    (training(decoding={"grammar_type": "tool-call"}), ["/training/decoding/grammar_type"]),
    (training(decoding={"validation": "schema-strict"}), ["/training/decoding/validation"]),
    (training(decoding={"min_p": 0, "max_new_tokens": 512}), ["/training/decoding/min_p"]),
    (adapter(sha256="", size_bytes=0), ["/base_models/0/adapters/0/sha256"]),
    (base(sha256=""), ["/base_models/0/sha256"]),
    (base(name="F:/Node/hivellm/expert/models/Qwen3-0.6B"), ["/base_models/0/name"]),
    (lambda raw: raw.pop("license"), ["/license"]),
    (lambda raw: raw.pop("perf"), ["/perf"]),
    (top(license=None), ["/license"]),
    (dataset(validation_split=0.1, error_injection_ratio=0.2),
     ["/training/dataset/validation_split", "/training/dataset/error_injection_ratio"]),
    (top(runtime={"tool_validation_middleware": True, "max_tool_retries": 3}),
     ["/runtime/tool_validation_middleware", "/runtime/max_tool_retries"]),
    (training(test_scenarios={"a": {"total": 5, "strengths": ["x"], "categories": {"joins": "5/5"}}}),
     ["/training/test_scenarios/a/strengths", "/training/test_scenarios/a/categories"]),
    (training(packaging_checkpoint="adapter"), ["/training/packaging_checkpoint"]),
    (training(metadata={"gpu": "x"}), ["/training/metadata"]),
    (top(integrity={"created_at": "2025-11-11T00:00:00+00:00", "publisher": "p", "files": {"a": "sha256:00"}}),
     ["/integrity/created_at", "/integrity/publisher", "/integrity/files/a", "/integrity/algorithm"]),
    (top(constraints={"load_order": 3, "incompatible_with": ["sql@1.x"], "requires": []}),
     ["/constraints/incompatible_with/0"]),
]  # fmt: skip

ACCEPTED: list[Change] = [
    base(prompt_template="qwen3"),
    config(save_total_limit=None),
    adapter(path="qwen3-06b/final", checkpoint_step=1000),
    adapter(path="qwen3-06b/final/adapter_model.safetensors"),
    top(limitations=["joins", {"pattern": "x", "description": "y"}]),
    top(evaluation={"metrics": ["accuracy"], "failure_modes": ["timeouts"]}),
    top(evaluation={"metrics": {"accuracy": 0.9}, "test_set_size": 0}),
    config(num_epochs=3),
    config(learning_rate=5.5e-4, batch_size=32, gradient_accumulation_steps=45),
    config(warmup_ratio=0.1, warmup_steps=0, lr_scheduler_kwargs={"num_cycles": 3}),
    top(quality_metrics={"sql_valid": "16/18", "success_rate": 88.9, "checkpoint": "checkpoint-TBD"}),
    dataset(preprocessing={"invalid_sql_removed": 3}, splits={"train": 1, "total": 2}),
    dataset(task_distribution={"a": 12, "b": 33.3}),
    training(checkpoint="1250"),
    training(checkpoint="checkpoint-1000"),
    top(description="Escreve consultas — Ω → ∑"),
    base(rope_scaling={
        "type": "ntk-by-parts", "factor": 8.0, "max_position_embeddings": 32768,
        "original_max_position_embeddings": 8192, "fine_grained": True, "_comment": "why",
    }),
]  # fmt: skip

REFUSED: list[tuple[Change, str]] = [
    (top(base_model={"name": "x"}), "/base_model"),
    (top(base_models=[]), "/base_models"),
    (base(adapters=[]), "/base_models/0/adapters"),
    (top(capabilities="sql"), "/capabilities"),
    (top(capabilities=[]), "/capabilities"),
    (top(name="../../etc"), "/name"),
    (top(version="latest"), "/version"),
    (top(schema_version="3.0"), "/schema_version"),
    (adapter(r="8"), "/base_models/0/adapters/0/r"),
    (adapter(r=0), "/base_models/0/adapters/0/r"),
    (adapter(target_modules="q_proj"), "/base_models/0/adapters/0/target_modules"),
    (config(learning_rate=0), "/training/config/learning_rate"),
    (config(epochs=True), "/training/config/epochs"),
    (config(epochs=2, num_epochs=2), "/training/config/num_epochs"),
    (config(gradient_checkpointing=1), "/training/config/gradient_checkpointing"),
    (lambda raw: raw.pop("training"), "/training"),
    (lambda raw: raw.pop("capabilities"), "/capabilities"),
]

SINGLE = {
    "base_model": {"name": "tiny", "quantization": "int4"},
    "adapters": raw_manifest()["base_models"][0]["adapters"],
}


@pytest.mark.parametrize(("change", "pointers"), DEVIATIONS)
def test_what_old_manifests_contain_is_a_warning_with_its_pointer(change: Change, pointers: list[str]) -> None:
    """It loads, nothing of it is lost, and a strict reading refuses it at the same place."""
    raw = raw_manifest()
    change(raw)

    reading = read(raw)
    with pytest.raises(ManifestError) as refusal:
        parse(raw, file="manifest.json")

    assert sorted(warning.place for warning in reading.warnings) == sorted(pointers)
    assert sorted(problem.place for problem in refusal.value.problems) == sorted(pointers)
    assert json.dumps(reading.manifest.raw) == json.dumps(raw)


@pytest.mark.parametrize("change", ACCEPTED)
def test_what_the_schema_knows_is_no_deviation(change: Change) -> None:
    """Seldom used fields are read strictly as well."""
    raw = raw_manifest()
    change(raw)

    assert parse(raw, file="manifest.json").warnings == ()


@pytest.mark.parametrize(("change", "pointer"), REFUSED)
def test_what_has_never_meant_anything_is_refused_all_the_same(change: Change, pointer: str) -> None:
    """Wrong types, empty lists and numbers out of bounds were no manifest to any program."""
    raw = raw_manifest()
    change(raw)

    with pytest.raises(ManifestError) as refusal:
        read(raw)

    assert [problem.place for problem in refusal.value.problems] == [pointer]


def test_a_comment_that_is_there_twice_is_a_warning_and_any_other_key_an_error() -> None:
    """One known manifest repeats a comment; each repeat is told with its pointer, and beside other problems."""
    text = json.dumps(raw_manifest())
    twice = text.replace('"config": {', '"config": {"_comment": "a",\n"_comment": "b", ')
    wrong = twice.replace('"_comment": "b"', '"_comment": "b", "rank": 1, "rank": 2, "alpha": -1, "rank": 3')

    reading = load(twice.encode(), file="manifest.json", compatible=True)
    with pytest.raises(ManifestError) as strict:
        load(wrong.encode(), file="manifest.json")
    with pytest.raises(ManifestError) as compatible:
        load(wrong.encode(), file="manifest.json", compatible=True)

    comment = ("/training/config/_comment", "'_comment' twice, again on line 2 column 1")
    assert [(warning.place, warning.got) for warning in reading.warnings] == [comment]
    rest = ["/training/config/rank", "/training/config/rank", "/training/config/alpha"]
    assert [problem.place for problem in strict.value.problems] == [comment[0], *rest]
    assert [problem.place for problem in compatible.value.problems] == rest


def test_pointers_are_escaped() -> None:
    """RFC 6901: a slash in a key is ``~1``, a tilde ``~0``."""
    raw = raw_manifest(**{"a/b~c": 1})

    assert [warning.place for warning in read(raw).warnings] == ["/a~1b~0c"]


def test_several_bases_with_one_data_set_are_a_warning_even_in_a_strict_reading() -> None:
    """All of them learn from it, which may not be meant; what the line builds is rendered for each base."""
    raw = raw_manifest(base_models=[raw_base("tiny"), raw_base("small")])
    built = parse(raw, file="manifest.json")
    dataset(path="data/mine")(raw)

    (warning,) = parse(raw, file="manifest.json").warnings

    assert str(warning) == (
        "manifest.json: /training/dataset: expected a data set that all bases learn from (ignore this if it is meant), "
        "got one for tiny, small"
    )
    assert built.warnings == ()


@pytest.mark.parametrize("other", ["tiny", "models/Tiny", "TINY"])
def test_two_bases_with_one_weight_path_are_refused(other: str) -> None:
    """By what they say, or because both names give one folder."""
    entry = raw_manifest()["base_models"][0]
    shared = {**entry, "adapters": [{**entry["adapters"][0], "path": "weights/one"}]}

    with pytest.raises(ManifestError) as by_name:
        read(raw_manifest(base_models=[entry, {**entry, "name": other}]))
    with pytest.raises(ManifestError) as by_path:
        read(raw_manifest(base_models=[shared, {**shared, "name": "small"}]))

    assert all(problem.place.startswith("/base_models") for problem in by_name.value.problems)
    assert [problem.place for problem in by_path.value.problems] == [
        "/base_models/0/adapters/0/path", "/base_models/1/adapters/0/path",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "places"),
    [
        ("weights/small", None, [0]),
        ("weights/x", "weights/x/adapter_model.safetensors", [0, 1]),
        ("weights/x", "weights/x/adapter_model.osd", [0, 1]),
        ("adapter_model.safetensors", "other.safetensors", [0, 1]),
        (None, "./weights//tiny/", [1]),
        ("weights/x", "weights/x/final", []),
        ("weights/small/", "weights/tiny", []),
    ],
)
def test_paths_that_come_to_one_folder_are_one_folder(first: str | None, second: str | None, places: list[int]) -> None:
    """A file lies in its folder, and without a path it is weights/ and the base's name."""
    bases = [raw_base("tiny"), raw_base("small")]
    for entry, path in zip(bases, (first, second), strict=True):
        entry["adapters"][0] |= {} if path is None else {"path": path}

    try:
        read(raw_manifest(base_models=bases))
        found = []
    except ManifestError as refusal:
        found = [problem.place for problem in refusal.problems]

    assert found == [f"/base_models/{index}/adapters/0/path" for index in places]


@pytest.mark.parametrize("said", [{"schema_version": "1.0"}, {}])
def test_a_manifest_of_schema_1_0_becomes_the_same_model(said: dict[str, Any]) -> None:
    """A list of one base; a manifest that does not name its schema is one of these."""
    raw = {**without(without(raw_manifest(), "schema_version"), "base_models"), **SINGLE, **said}

    manifest = parse(raw, file="manifest.json").manifest

    assert manifest.schema_version == "1.0"
    (entry,) = manifest.base_models
    assert (entry.name, entry.quantization, entry.prompt_template, len(entry.adapters)) == ("tiny", "int4", None, 1)
    assert manifest.raw == raw


@pytest.mark.parametrize("key", ["base_model", "adapters"])
def test_schema_1_0_needs_its_base_and_adapters(key: str) -> None:
    """What 2.0 keeps in base_models."""
    raw = {**without(without(raw_manifest(), "schema_version"), "base_models"), **SINGLE}

    with pytest.raises(ManifestError) as refusal:
        read(without(raw, key))

    assert [problem.place for problem in refusal.value.problems] == [f"/{key}"]


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"type": "lora", "r": None}, ["r"]),
        ({"type": "dora", "alpha": None}, ["alpha"]),
        ({"type": "lokr", "r": None, "alpha": None}, ["r", "alpha"]),
        ({"type": "adalora", "r": None}, ["r"]),
        ({"type": "osd", "r": None, "alpha": None}, ["r"]),
        ({"type": "ia3"}, ["r", "alpha"]),
        ({"type": "ia3", "r": None, "alpha": None}, []),
        ({"type": "osd", "alpha": None}, []),
        ({"type": "lora", "target_modules": None}, ["target_modules"]),
        ({"type": "lora", "tokens": 8}, ["tokens"]),
        ({"type": "prompt"}, ["tokens", "target_modules", "r", "alpha"]),
        ({"type": "prompt", "tokens": 8, "target_modules": None, "r": None, "alpha": None}, []),
    ],
)
@pytest.mark.parametrize("as_null", [True, False])
def test_each_type_has_what_belongs_to_it(change: dict[str, Any], pointers: list[str], *, as_null: bool) -> None:
    """A rank unless it is IA3 or a prompt, modules unless it is a prompt, which has tokens; null says nothing."""
    raw = raw_manifest()
    entry = {**raw["base_models"][0]["adapters"][0], **change}
    raw["base_models"][0]["adapters"] = [{key: value for key, value in entry.items() if as_null or value is not None}]

    try:
        read(raw)
        found = []
    except ManifestError as refusal:
        found = [problem.place.rpartition("/")[2] for problem in refusal.problems]

    assert found == pointers


def test_a_long_requirement_is_read_at_once() -> None:
    """No pattern takes longer than its text is long."""
    wanted = f"expert-a@{','.join(['11'] * 40)}!"
    raw = raw_manifest(constraints={"load_order": 1, "incompatible_with": [], "requires": [wanted]})

    begun = time.monotonic()
    reading = read(raw)

    assert [warning.place for warning in reading.warnings] == ["/constraints/requires/0"]
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("is_compatible", [True, False])
def test_a_mebibyte_of_unknown_keys_is_read_at_once(*, is_compatible: bool) -> None:
    """Nobody typed them, and what they were meant to be is asked for the first few alone."""
    words = [f"unknown_key_{number}" for number in range(48_000)]
    text = json.dumps(raw_manifest(**dict.fromkeys(words, 1)), separators=(",", ":")).encode()

    begun = time.process_time()
    try:
        found = load(text, file="manifest.json", compatible=is_compatible).warnings
    except ManifestError as refusal:
        found = refusal.problems

    assert len(found) == len(words)
    assert time.process_time() - begun < 2
    assert 0.9 < len(text) / 2**20 < 1


def test_what_would_steer_a_terminal_is_shown_as_its_escape() -> None:
    """Keys and values of strangers are printed in messages."""
    (warning,) = read(raw_manifest(**{"a\x1b[2J\nb": "c\u202ed"})).warnings

    assert "\\x1b[2J\\nb" in str(warning)
    assert str(warning).isprintable()
