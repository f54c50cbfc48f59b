"""The kinds of value that a manifest is made of."""

from __future__ import annotations

from typing import Annotated, Literal

from expertkit.fields import Text

ExpertName = Annotated[str, Text(r"expert-[a-z0-9-]+", "an expert's name such as 'expert-sql'")]
Version = Annotated[
    str,
    Text(
        r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
        r"(-(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?"
        r"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?",
        "a semantic version such as '1.0.0'",
    ),
]
BaseName = Annotated[str, Text(r"[a-z0-9]+([._-][a-z0-9]+)*", "a base model's name such as 'qwen3-0.6b'")]
Digest = Annotated[str, Text(r"[0-9a-f]{64}", "a SHA-256 of 64 hex digits")]
Words = Annotated[str, Text(r"(?s).*\S.*", "a text that is not empty")]
Tag = Annotated[str, Text(r"\S+", "a word without spaces")]
RelativePath = Annotated[
    str,
    Text(
        r"(?!\.{1,2}(/|$))[\w.-]+(/(?!\.{1,2}(/|$))[\w.-]+)*",
        "a path inside the expert's folder or the project, such as 'tests/test_cases.json'",
    ),
]
Requirement = Annotated[
    str,
    Text(
        r"expert-[a-z0-9-]+(@(\*|(<=|>=|<|>)?\d+(\.\d+){0,2}[0-9A-Za-z.+-]*)(,(<=|>=|<|>)?\d+(\.\d+){0,2}[0-9A-Za-z.+-]*)*)?",
        "an expert with its versions such as 'expert-sql@>=1.0.0,<2.0.0'",
    ),
]

Domain = Literal["sql", "json"]
"""The generators that data can come from."""
Grader = Literal["sql", "json"]
"""What can decide that an answer is right."""
PromptTemplate = Literal["chatml"]
"""The prompt templates that the renderer knows."""
