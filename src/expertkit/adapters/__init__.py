"""Adapters as arrays and as bytes: values, PEFT's two files, exact singular value decomposition.

Reads and writes no files and knows no torch: the training code hands numpy arrays in, and
whoever stores an adapter takes bytes out.

    lora = Lora(rank=16, alpha=32.0, dropout=0.0, modules={"model.layers.0.self_attn.q_proj": factors})
    tensors, config = encode_tensors(lora), encode_config(lora, base="qwen3-tiny")
"""

from expertkit.adapters.comparison import measure_tensors
from expertkit.adapters.fit import check_fit
from expertkit.adapters.lora import Factors, Lora
from expertkit.adapters.peft import CONFIG, TENSORS, decode, encode_config, encode_tensors, ranks
from expertkit.adapters.svd import Decomposition, decompose
from expertkit.adapters.tensors import Shape, StreamCheck

__all__ = [
    "CONFIG",
    "TENSORS",
    "Decomposition",
    "Factors",
    "Lora",
    "Shape",
    "StreamCheck",
    "check_fit",
    "decode",
    "decompose",
    "encode_config",
    "encode_tensors",
    "measure_tensors",
    "ranks",
]
