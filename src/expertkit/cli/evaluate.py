"""``expert-cli evaluate``: base and expert on the same items."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options
from expertkit.cli.main import emit


@click.command("evaluate")
@options.expert()
@options.base()
@options.as_json
def command(expert: str, base: str, *, as_json: bool) -> None:
    """Compare an expert with its base into build/evaluate/<expert>-<base>/.

    The verdict is in metrics.json; a refused expert is no error of this command.
    """
    from expertkit.data.items import data_folder
    from expertkit.evaluation.exam import count_questions
    from expertkit.evaluation.stage import evaluate_expert
    from expertkit.progress import progress
    from expertkit.recipes import read_recipe

    recipe = read_recipe(Path(), expert, base)
    questions = count_questions(data_folder(Path(), expert), recipe.evaluate)
    with progress(f"evaluate@{recipe.key}", total=questions, unit="answers") as shown:
        metrics = evaluate_expert(Path(), recipe, shown)
    scores = f"base {metrics['base_score']:.3f}, expert {metrics['expert_score']:.3f}, p {metrics['p_value']:.2g}"
    emit(metrics, as_json=as_json, text=f"{recipe.key}: {scores}, {metrics['verdict']}")
