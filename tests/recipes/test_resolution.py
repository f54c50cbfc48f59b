"""Recipes come out of params.yaml, named configs and manifests; or every problem does, at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from expertkit.errors import ConfigError, ManifestError
from expertkit.recipes import Recipe, resolve
from tests.recipes.builders import CONFIG, PARAMS, base_text, edit, make_project, write, write_expert


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that resolves."""
    return make_project(tmp_path)


def recipe_of(project: Path, key: str = "expert-sql-tiny") -> Recipe:
    """One resolved recipe."""
    return {recipe.key: recipe for recipe in resolve(project)}[key]


def problems_of(project: Path) -> list[str]:
    """What is wrong with a project's parameters."""
    with pytest.raises(ConfigError) as refusal:
        resolve(project)
    return [str(problem) for problem in refusal.value.problems]


def test_every_expert_has_a_recipe_for_every_base(project: Path) -> None:
    """The order is that of params.yaml, experts first."""
    keys = [recipe.key for recipe in resolve(project)]

    assert keys == ["expert-sql-tiny", "expert-sql-small", "expert-json-tiny", "expert-json-small"]


def test_a_recipe_carries_what_its_sources_say(project: Path) -> None:
    """Domain and grader come from the manifest, the base from its file, the rest from the layers."""
    recipe = recipe_of(project, "expert-json-small")

    assert (recipe.version, recipe.prompt_template, recipe.base_model.path) == ("1.0.0", "chatml", "models/small")
    assert (recipe.data.domain, recipe.evaluate.grader, recipe.evaluate.shots) == ("json", "json", (0, 3))
    assert (recipe.train.adapter_type, recipe.train.rank, recipe.train.learning_rate) == ("lora", 2, 0.001)


def test_each_layer_wins_over_the_weaker_ones(project: Path) -> None:
    """Manifest, named config, defaults, an expert's overrides, those for one base: the last that speaks decides."""
    manifest = project / "experts/expert-sql/manifest.json"
    edit(
        manifest,
        '"config": {',
        '"config": {"rank": 10, "max_steps": 10, "batch_size": 10, "seed": 10, "save_steps": 10, ',
    )
    edit(
        project / "configs/training/lora.yaml",
        CONFIG,
        "max_steps: 20\nbatch_size: 20\nseed: 20\nsave_steps: 20\n"
        + "".join(
            line
            for line in CONFIG.splitlines(keepends=True)
            if line.split(":")[0] not in {"rank", "max_steps", "batch_size", "seed", "save_steps"}
        ),
    )
    edit(
        project / "params.yaml",
        "train: {config: lora}",
        "train: {config: lora, batch_size: 30, seed: 30, save_steps: 30}",
    )
    edit(
        project / "params.yaml",
        "overrides: {}",
        "overrides: {expert-sql: {train: {seed: 40, save_steps: 40}, tiny: {train: {save_steps: 50}}}}",
    )
    edit(project / "experts/expert-json/manifest.json", '"config": {', '"config": {"rank": 3, ')

    train = recipe_of(project).train

    assert (train.rank, train.max_steps, train.batch_size, train.seed, train.save_steps) == (10, 20, 30, 40, 50)
    assert recipe_of(project, "expert-sql-small").train.save_steps == 40
    assert recipe_of(project, "expert-json-tiny").train.seed == 30


def test_an_override_may_name_another_config(project: Path) -> None:
    """The strongest layer that names a config decides which file is read."""
    write(project / "configs/training/longer.yaml", CONFIG.replace("max_steps: 10", "max_steps: 99"))
    edit(project / "params.yaml", "overrides: {}", "overrides: {expert-sql: {small: {train: {config: longer}}}}")

    assert recipe_of(project, "expert-sql-small").train.max_steps == 99
    assert recipe_of(project).train.max_steps == 10


def test_all_problems_of_all_files_are_told_at_once(project: Path) -> None:
    """A person fixes parameters, configs, base models and manifests in one go."""
    params = project / "params.yaml"
    edit(params, "[expert-sql, expert-json]", "[expert-sql, expert-jsn]")
    edit(params, "[tiny, small]", "[tiny, smal]")
    edit(params, "valid_days: 30", "valid_dais: 30")
    edit(params, "dtype: float32", "dtype: float23")
    edit(params, "overrides: {}", "overrides: {expert-sq: {train: {rank: 0}}, expert-sql: {tny: {}, data: {sed: 1}}}")
    edit(params, "defaults:", "expert: []\ndefaults:")
    edit(project / "configs/training/lora.yaml", "rank: 2", "rank: 2.5\nalhpa: 3")
    edit(project / "configs/base_models/tiny.yaml", "fingerprint: null", "fingerprint: abc")
    edit(project / "experts/expert-sql/manifest.json", '"version": "1.0.0"', '"version": "1"')

    with pytest.raises(ConfigError) as refusal:
        resolve(project)

    told = {(each.file, each.place, each.got, each.nearest) for each in refusal.value.problems}
    assert told == {
        ("configs/base_models/tiny.yaml", "fingerprint", '"abc"', None),
        ("configs/training/lora.yaml", "alhpa", '"alhpa"', "alpha"),
        ("configs/training/lora.yaml", "rank", "2.5", None),
        ("experts/expert-sql/manifest.json", "/version", '"1"', None),
        ("params.yaml", "bases[1]", '"smal"', "small"),
        ("params.yaml", "defaults.decompose.dtype", '"float23"', "float32"),
        ("params.yaml", "defaults.sign.valid_dais", '"valid_dais"', "valid_days"),
        ("params.yaml", "expert", '"expert"', "experts"),
        ("params.yaml", "experts[1]", '"expert-jsn"', "expert-json"),
        ("params.yaml", "overrides.expert-sq.train.rank", "0", None),
        ("params.yaml", "overrides.expert-sq", '"expert-sq"', "expert-sql"),
        ("params.yaml", "overrides.expert-sql.data.sed", '"sed"', "seed"),
        ("params.yaml", "overrides.expert-sql.tny", '"tny"', "tiny"),
    }
    assert len(refusal.value.problems) == len(told)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "params.yaml",
            "valid_days: 30",
            "",
            "params.yaml: defaults.sign.valid_days: expected a whole number in 1..3650, got nothing",
        ),
        (
            "params.yaml",
            "  sign: {valid_days: 30}\n",
            "",
            "params.yaml: defaults.sign.valid_days: expected a whole number in 1..3650, got nothing",
        ),
        (
            "params.yaml",
            "config: lora",
            "config: lroa",
            'params.yaml: defaults.train.config: expected a file of configs/training/, got "lroa"',
        ),
        (
            "params.yaml",
            "min_accuracy: 0.9",
            "min_accuracy: 1.1",
            "params.yaml: defaults.evaluate.min_accuracy: expected a number in 0..1, got 1.1",
        ),
        (
            "params.yaml",
            "seed: 1,",
            "seed: 1, domain: sql,",
            'params.yaml: defaults.data.domain: expected a known key, got "domain"',
        ),
        (
            "params.yaml",
            "seed: 1,",
            "seed: 1, seed: 2,",
            "params.yaml: defaults.data.seed: expected each key once, got it again on line 4",
        ),
        ("params.yaml", "overrides: {}", "overrides:", "params.yaml: overrides: expected a mapping, got null"),
        ("params.yaml", "defaults:", "default:", "params.yaml: default: expected a known key, got"),
        ("params.yaml", "  decompose:", "  decompos:", "params.yaml: defaults.decompos: expected a known key, got"),
        ("params.yaml", "{dtype: float32}", "float32", "params.yaml: defaults.decompose: expected a mapping, got"),
        ("params.yaml", "{config: lora}", "{config: [lora]}", "params.yaml: defaults.train.config: expected the name"),
        (
            "params.yaml",
            "overrides: {}",
            "overrides: {expert-sql: {tiny: {data: {seed: 3}}}}",
            'params.yaml: overrides.expert-sql.tiny.data: expected a known key, got "data"',
        ),
        (
            "configs/training/lora.yaml",
            "learning_rate: 1e-3\n",
            "",
            "params.yaml: defaults.train.learning_rate: expected a number, above 0 and at most 1, got nothing",
        ),
        (
            "configs/training/lora.yaml",
            "1e-3",
            "fast",
            'configs/training/lora.yaml: learning_rate: expected a number, above 0 and at most 1, got "fast"',
        ),
        ("configs/training/lora.yaml", "rank: 2", "rank: [", "configs/training/lora.yaml: expected YAML, got"),
        (
            "configs/base_models/tiny.yaml",
            "name: tiny",
            "name: teeny",
            "configs/base_models/tiny.yaml: name: expected the file's name 'tiny', got 'teeny'",
        ),
    ],
)
def test_one_mistake_is_one_problem(project: Path, file: str, old: str, new: str, told: str) -> None:
    """A mistake is told where it was made, and nothing else with it."""
    edit(project / file, old, new)

    (found,) = problems_of(project)

    assert found.startswith(told)


def test_a_list_with_a_mistake_does_not_hide_other_problems(project: Path) -> None:
    """What the right names of the list lead to is checked all the same."""
    edit(project / "params.yaml", "[expert-sql, expert-json]", "[expert-sql, 5, expert-sql]")
    edit(project / "params.yaml", "[tiny, small]", "[tiny, tiny]")
    edit(project / "experts/expert-sql/manifest.json", '"version": "1.0.0"', '"version": "1"')
    edit(project / "configs/base_models/tiny.yaml", "fingerprint: null", "fingerprint: abc")

    found = {problem.partition(": expected")[0] for problem in problems_of(project)}

    assert found == {
        "params.yaml: experts[1]",
        "params.yaml: bases",
        "configs/base_models/tiny.yaml: fingerprint",
        "experts/expert-sql/manifest.json: /version",
    }


def test_what_the_line_needs_of_an_expert_is_told_with_the_rest(project: Path) -> None:
    """Stages depend on these files by name; what is not packed is not accepted."""
    folder = project / "experts/expert-sql"
    (folder / "LICENSE").unlink()
    raw = json.loads((folder / "manifest.json").read_text())
    raw["soft_prompts"] = [{"name": "intro", "path": "intro.safetensors", "tokens": 8}]
    raw["training"]["decoding"] = {"use_grammar": True, "grammar_type": "gbnf", "grammar_file": "other.gbnf"}
    raw["evaluation"]["test_cases"] = "README.md"
    write(folder / "manifest.json", json.dumps(raw))

    with pytest.raises(ManifestError) as refusal:
        resolve(project)

    file = "experts/expert-sql/manifest.json"
    own = 'none beside an adapter: a soft prompt is an adapter of type "prompt", trained by itself'
    assert [str(problem) for problem in refusal.value.problems] == [
        f'{file}: /soft_prompts: expected {own}, got "intro"',
        f"{file}: expected LICENSE beside it, got no such file",
        f"{file}: /training/decoding/grammar_file: expected 'grammar.gbnf', got \"other.gbnf\"",
        f'{file}: /evaluation/test_cases: expected a file of the expert\'s tests/, got "README.md"',
        f'{file}: /training/decoding/grammar_file: expected a file beside the manifest, got "other.gbnf"',
        f'{file}: /soft_prompts/0/path: expected a file beside the manifest, got "intro.safetensors"',
    ]


def test_missing_files_are_problems(tmp_path: Path) -> None:
    """No file is silently empty."""
    (found,) = problems_of(tmp_path)
    write(tmp_path / "params.yaml", PARAMS)
    without_files = problems_of(tmp_path)

    assert found == "params.yaml: expected a file, got no such file"
    assert {problem.partition(": expected")[0] for problem in without_files} == {
        "params.yaml: experts[0]",
        "params.yaml: experts[1]",
        "params.yaml: bases[0]",
        "params.yaml: bases[1]",
        "params.yaml: defaults.train.config",
    }


@pytest.mark.parametrize("text", ["", "3", "- a", "\t", "a: [", "a: &x 1\nb: *x", "a: !!python/name:os.system x"])
def test_params_that_are_no_mapping_are_one_problem(project: Path, text: str) -> None:
    """An empty or broken params.yaml gives one line, not a traceback and not forty."""
    write(project / "params.yaml", text)

    (found,) = problems_of(project)

    assert found.startswith("params.yaml: expected ")


def test_an_empty_mapping_misses_its_keys(project: Path) -> None:
    """Nothing has a hidden default."""
    write(project / "params.yaml", "{}")

    found = problems_of(project)

    assert [problem.partition(": expected")[0] for problem in found] == [
        "params.yaml: experts",
        "params.yaml: bases",
        "params.yaml: defaults",
    ]


def test_empty_defaults_miss_every_key(project: Path) -> None:
    """What no layer gives is told key by key."""
    text = PARAMS[: PARAMS.index("  data:")] + "  {}\n"
    write(project / "params.yaml", text)

    found = problems_of(project)

    assert len(found) == 32
    assert "params.yaml: defaults.data.seed: expected a whole number in 0..4294967295, got nothing" in found


def test_a_base_that_a_manifest_does_not_name_is_a_problem(project: Path) -> None:
    """An expert is made only for the bases it is described for."""
    write(project / "configs/base_models/smaller.yaml", base_text("smaller"))
    edit(project / "params.yaml", "[tiny, small]", "[tiny, smaller]")

    found = problems_of(project)

    told = "params.yaml: bases[1]: expected a base of experts/{}/manifest.json, got \"smaller\", did you mean 'small'?"
    assert found == [told.format(expert) for expert in ("expert-sql", "expert-json")]


def test_two_pairs_may_not_share_a_name(project: Path) -> None:
    """``expert-a`` on ``b-c`` and ``expert-a-b`` on ``c`` would write the same folders, as would ``expert-a-b-c``."""
    edit(project / "params.yaml", "experts: [expert-sql, expert-json]", "experts: [expert-sql, expert-sql-tiny]")
    edit(project / "params.yaml", "bases: [tiny, small]", "bases: [tiny, tiny-tiny]")
    write(project / "configs/base_models/tiny-tiny.yaml", base_text("tiny-tiny"))
    for expert in ("expert-sql", "expert-sql-tiny"):
        write_expert(project, expert)
        edit(project / f"experts/{expert}/manifest.json", '"name": "small"', '"name": "tiny-tiny"')

    found = problems_of(project)

    told = "params.yaml: experts: expected a name of its own for every expert, and every pair of expert and base, got"
    assert found == [f"{told} expert-sql-tiny twice", f"{told} expert-sql-tiny-tiny twice"]


def test_wrong_manifests_alone_are_a_manifest_error(project: Path) -> None:
    """The kind of the error says whose file to open; broken JSON and missing files count as problems too."""
    sql, other = project / "experts/expert-sql", project / "experts/expert-json"
    edit(sql / "manifest.json", '"build/data/expert-sql"', '"data/sql"')
    (sql / "tests/test_cases.json").unlink()
    write(other / "manifest.json", '{"name": NaN}')

    with pytest.raises(ManifestError) as refusal:
        resolve(project)

    assert [(each.file.split("/")[1], each.place, each.got) for each in refusal.value.problems] == [
        ("expert-sql", "/training/dataset/path", '"data/sql"'),
        ("expert-sql", "/evaluation/test_cases", '"tests/test_cases.json"'),
        ("expert-json", "", "NaN on line 1 column 10"),
    ]


def test_a_manifest_under_another_name_is_a_problem(project: Path) -> None:
    """Folder and manifest agree on who the expert is."""
    manifest = project / "experts/expert-sql/manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"name": "expert-sqlite"}))

    with pytest.raises(ManifestError, match="name: expected the folder's name 'expert-sql', got \"expert-sqlite\""):
        resolve(project)


def test_the_entry_of_a_base_is_the_weakest_layer_of_its_adapter(project: Path) -> None:
    """Kind, rank, alpha and modules of ``base_models`` count where nothing stronger says them."""
    edit(project / "configs/training/lora.yaml", "rank: 2\n", "")
    edit(project / "experts/expert-sql/manifest.json", '"r": 2', '"r": 6')

    ranks = {(recipe.expert, recipe.base): recipe.train.rank for recipe in resolve(project)}

    assert ranks[("expert-sql", "tiny")] == 6


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ('"adapter_type": "ia3"', 'train.rank: expected nothing with adapter_type "ia3", got 2'),
        (
            '"adapter_type": "lora", "feedforward_modules": ["up_proj"]',
            'feedforward_modules: expected nothing with adapter_type "lora"',
        ),
        (
            '"adapter_type": "lora", "prompt_tokens": 8',
            'prompt_tokens: expected nothing with adapter_type "lora", got 8',
        ),
        ('"adapter_type": "prompt"', 'train.target_modules: expected nothing with adapter_type "prompt"'),
        (
            '"adapter_type": "prompt", "prompt_init": "text"',
            'prompt_init_text: expected a value with prompt_init "text", got nothing',
        ),
    ],
)
def test_settings_that_do_not_go_together_are_told(project: Path, config: str, told: str) -> None:
    """Once each of them is right; for every pair, by its name."""
    edit(project / "experts/expert-sql/manifest.json", '"adapter_type": "lora"', config)

    found = problems_of(project)

    assert any(told in problem and "expert-sql-tiny" in problem for problem in found), found


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("{rank: 2, bits_per_parameter: 2}", "decompose.osd.codec: expected"),
        ("{rank: 2, codec: rdq, bits_per_parameter: 2, score: mag}", "osd.score: expected nothing with codec"),
        ("{rank: 2, codec: rdq, density: 0.5}", "osd.density: expected nothing with codec"),
        ("{rank: 2, codec: f16}", "osd.bits_per_parameter: expected either density or bits_per_parameter, got none"),
        ("{rank: 2, codec: f16, density: 0.5, score: fisher}", "osd.score: expected"),
        ("{rank: 2, codec: f16, density: 0.5, space: delta}", "osd.space: expected a known key"),
        ("{rank: 2, codec: f16, density: 0.5, alpha: 1.5}", "osd.alpha: expected"),
    ],
)
def test_a_compression_that_cannot_be_is_told_before_anything_is_trained(project: Path, way: str, told: str) -> None:
    """By the key that is wrong."""
    edit(project / "params.yaml", "{dtype: float32}", f"{{dtype: float32, osd: {way}}}")

    assert any(told in problem for problem in problems_of(project)), problems_of(project)


def test_a_compression_is_of_what_is_trained(project: Path) -> None:
    """Of no more components, and of nothing that has none; for every pair, by its name."""
    edit(project / "params.yaml", "{dtype: float32}", "{dtype: float32, osd: {rank: 3, codec: f16, density: 0.5}}")

    assert any(
        "expert-sql-tiny" in problem and "osd.rank: expected at most 2, the rank that is trained, got 3" in problem
        for problem in problems_of(project)
    )
