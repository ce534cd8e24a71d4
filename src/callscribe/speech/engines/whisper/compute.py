"""The ways to compute a Whisper model, which of them this machine has, and which one is taken.

| Way | What computes | Where |
|---|---|---|
| `int8` | OpenVINO, linear layers in int8, the rest as below | processors quick at it: AMX, AVX-512, AVX-VNNI |
| `bf16` | OpenVINO, in bfloat16 | processors with units for it: AMX, AVX-512 BF16 |
| `float32` | OpenVINO, in float32 | every processor |
| `ctranslate2` | CTranslate2, in int8 on a processor, in float16 on a GPU | everywhere |

For `int8` a model has to be prepared (`quantization`). What it leaves is computed in bfloat16 where there are units for
it, else in float32. What a processor can do is read off the kernel that OpenVINO takes for a small
layer, so that `ONEDNN_MAX_CPU_ISA`, by which a processor can be told to use less than it has, counts too.
"""

from functools import cache
from typing import Final, Literal

import ctranslate2
import numpy as np
import openvino as ov
from openvino import opset15 as op

from callscribe.errors import SetupError
from callscribe.speech.runtime import core

Way = Literal["int8", "bf16", "float32", "ctranslate2"]
Precision = Literal["bf16", "f32"]

OPTIONS: Final = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}
"""For OpenVINO: where weights are in 8 bits, what they are multiplied with is not, unless a graph says so."""

DESCRIPTIONS: Final[dict[Way, str]] = {
    "int8": "int8 on OpenVINO",
    "bf16": "bfloat16 on OpenVINO",
    "float32": "float32 on OpenVINO",
    "ctranslate2": "int8 on CTranslate2",
}
"""On a processor."""

_FAST: Final = "brgemm"
"""What oneDNN's names of quick kernels for matrices begin with; others (`jit_gemm_i8`) gain nothing on float32."""


def takes_gpu(device: str) -> bool:
    """Whether models run on a GPU, where `device` is the setting of that name."""
    return device == "cuda" or (device == "auto" and ctranslate2.get_cuda_device_count() > 0)


def ways() -> list[Way]:
    """What this processor can do, the quickest first."""
    quick: list[Way] = []
    if _has_int8():
        quick.append("int8")
    if _has_bf16():
        quick.append("bf16")
    # Where float32 is all that OpenVINO has, CTranslate2 is quicker in int8.
    return [*quick, "float32", "ctranslate2"] if quick else ["ctranslate2", "float32"]


def precision(way: Way) -> Precision:
    """What OpenVINO computes in, of a way of its own, where layers are not quantised."""
    return "bf16" if way != "float32" and _has_bf16() else "f32"


def _has_int8() -> bool:
    return _kernel("f32", quantized=True).startswith(_FAST)


def _has_bf16() -> bool:
    kernel = _kernel("bf16", quantized=False)
    return kernel.startswith(_FAST) and kernel.endswith("bf16")


@cache
def _kernel(precision: Precision, *, quantized: bool) -> str:
    """The kernel for a layer with weights in 8 bits, such as `brgemm_avx512_amx_i8`; empty where there is none."""
    rows = op.parameter([-1, 64], ov.Type.f32)
    edges = [op.constant(np.float32(edge)) for edge in (-128 / 127, 1)] * 2
    given = op.fake_quantize(rows, *edges, 256) if quantized else rows
    weights = op.convert(op.constant(np.ones((64, 64), np.int8)), ov.Type.f32)
    layer = op.matmul(given, op.multiply(weights, op.constant(np.ones((64, 1), np.float32))), False, True)
    layer = op.add(layer, op.constant(np.ones(64, np.float32)))
    graph = ov.Model([op.result(layer)], [rows], "layer")
    options = {**OPTIONS, "INFERENCE_PRECISION_HINT": precision, "PERF_COUNT": True}
    try:
        request = core().compile_model(graph, "CPU", options).create_infer_request()
        request.infer([np.ones((8, 64), np.float32)])
    except RuntimeError:
        return ""
    return next((each.exec_type for each in request.profiling_info if each.node_type.startswith("FullyConnected")), "")


def capabilities() -> list[str]:
    """The kinds of numbers that OpenVINO has code for on this processor, such as `BF16` and `INT8`."""
    return list(core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def processor() -> str:
    """The processor's name."""
    return str(core().get_property("CPU", "FULL_DEVICE_NAME")).strip()


def choose(compute: str, device: str) -> Way:
    """The way to take, where `compute` and `device` are the settings of those names.

    Raises:
        SetupError: the way that is asked for is not to be had here.
    """
    if compute == "ctranslate2" or (compute == "auto" and takes_gpu(device)):
        return "ctranslate2"
    if compute == "auto":
        return ways()[0]
    if device == "cuda":
        raise SetupError(f"CALLSCRIBE_COMPUTE={compute} is for processors; CALLSCRIBE_DEVICE=cuda runs on CTranslate2.")
    for way in ways():
        if way == compute:
            return way
    raise SetupError(
        f"CALLSCRIBE_COMPUTE={compute} is not possible on this processor ({processor()}). "
        f"It can do: {', '.join(ways())}. `auto` takes the quickest."
    )


def summary(compute: str, device: str) -> str:
    """The way that is taken, and what else there is, in a line for the operator.

    Raises:
        SetupError: as `choose`.
    """
    way = choose(compute, device)
    if takes_gpu(device) and way == "ctranslate2":
        return f"CUDA, {ctranslate2.get_cuda_device_count()} device(s), float16 on CTranslate2"
    return (
        f"{way} ({DESCRIPTIONS[way]}), CALLSCRIBE_COMPUTE={compute}; {processor()} has "
        f"{', '.join(capabilities())} and can do {', '.join(ways())}"
    )
