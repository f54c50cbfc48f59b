"""The kinds of value that a manifest is made of, and recipes with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from expertkit.fields import Entries, Formerly, Never, Range, Text

_SPACE = r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""What ECMA-262 takes for space, written out, because Python takes other signs for it."""

ExpertName = Annotated[str, Text(r"expert-[a-z0-9-]+", "an expert's name such as 'expert-sql'", is_firm=True)]
Version = Annotated[
    str,
    Text(
        r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
        r"(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?"
        r"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?",
        "a semantic version such as '1.0.0'",
        is_firm=True,
    ),
]
BaseName = Annotated[str, Text(r"[a-z0-9]+([._-][a-z0-9]+)*", "a base model's name such as 'qwen3-0.6b'")]
Digest = Annotated[str, Text(r"[0-9a-f]{64}", "a SHA-256 of 64 hex digits")]
Words = Annotated[str, Text(rf"[{_SPACE}]*[^{_SPACE}][\s\S]*", "a text that is not empty")]
Tag = Annotated[str, Text(rf"[^{_SPACE}]+", "a word without spaces")]
Tags = Annotated[tuple[Tag, ...], Entries()]
Date = Annotated[
    str, Text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2}))?", "a date such as '2026-01-31'")
]
RelativePath = Annotated[
    str,
    Text(
        r"(?!\.{1,2}(/|$))[A-Za-z0-9_.-]+(/(?!\.{1,2}(/|$))[A-Za-z0-9_.-]+)*",
        "a path inside the expert's folder or the project, such as 'tests/test_cases.json'",
    ),
]
Requirement = Annotated[
    str,
    Text(
        r"expert-[a-z0-9-]+"
        r"(@(\*|(<=|>=|<|>)?[0-9]+(\.[0-9]+){0,2}([+-][0-9A-Za-z.+-]*)?(,(<=|>=|<|>)?[0-9]+(\.[0-9]+){0,2}([+-][0-9A-Za-z.+-]*)?)*))?",
        "an expert with its versions such as 'expert-sql@>=1.0.0,<2.0.0'",
    ),
]
Checkpoint = Annotated[str, Text(r"checkpoint-[0-9]+|final", "'final' or a checkpoint such as 'checkpoint-500'")]

Extra = Annotated[float | str, Formerly(Any)]
"""What may stand under further keys of a list of measurements."""

AdapterType = Literal["lora", "dora", "ia3", "lokr", "adalora", "osd", "prompt"]
PromptTemplate = Literal[
    "chatml", "llama2", "alpaca", "vicuna", "custom", "qwen3",
    "llama3", "mistral", "phi", "deepseek", "gemma", "tokenizer",
]  # fmt: skip
Quantization = Literal["int4", "int8", "fp16", "bf16", "none"]
TargetName = Literal["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
TargetModule = Annotated[
    TargetName,
    Never(("embed_tokens", "lm_head"), "the whole vocabulary, which makes a model of gigabytes of an adapter"),
]
TargetModules = Annotated[tuple[TargetModule, ...], Entries(low=1)]
Rank = Annotated[int, Range(1, 256)]
PromptTokens = Annotated[int, Range(1, 512)]
PromptInit = Literal["random", "text", "vocab_sample"]
Alpha = Annotated[int, Range(low=1)]
Dropout = Annotated[float, Range(0, 1)]
Share = Annotated[float, Range(0, 1)]
Positive = Annotated[int, Range(low=1)]
NotNegative = Annotated[int, Range(low=0)]
Seed = Annotated[int, Range(0, 2**32 - 1)]
Threads = Annotated[int, Range(1, 256)]
LearningRate = Annotated[float, Range(above=0, high=1)]
Scheduler = Literal["linear", "cosine", "constant", "polynomial", "cosine_with_restarts"]
