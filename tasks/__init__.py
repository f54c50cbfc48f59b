"""The verbs: one file, one task each, which asks DVC for one stage and records what it wrote.

DVC says whether an output is current, Prefect when and where it is made, MLflow how good it was. ``dvc``,
``session``, ``progress``, ``display`` and ``tracking`` hold one conversation each; ``stage`` joins them.
"""
