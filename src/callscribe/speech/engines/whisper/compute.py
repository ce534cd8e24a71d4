"""The ways to compute a Whisper model, which of them this machine has, and which one is taken.

| Way | What computes | Where |
|---|---|---|
| `bf16` | OpenVINO, in bfloat16 | processors with units for it: AMX, AVX-512 BF16 |
| `ctranslate2` | CTranslate2, in int8 on a processor, in float16 on a GPU | everywhere |
"""

from functools import cache
from typing import Final, Literal

import ctranslate2
import numpy as np
import openvino as ov
from openvino import opset15 as op

from callscribe.errors import SetupError
from callscribe.speech.runtime import core

Way = Literal["bf16", "ctranslate2"]

WAYS: Final[tuple[Way, ...]] = ("bf16", "ctranslate2")
"""The quickest first."""

OPTIONS: Final = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}
"""For OpenVINO: where weights are in 8 bits, what they are multiplied with is not."""

DESCRIPTIONS: Final[dict[Way, str]] = {"bf16": "bfloat16 on OpenVINO", "ctranslate2": "int8 on CTranslate2"}
"""On a processor."""


def takes_gpu(device: str) -> bool:
    """Whether models run on a GPU, where `device` is the setting of that name."""
    return device == "cuda" or (device == "auto" and ctranslate2.get_cuda_device_count() > 0)


def ways() -> list[Way]:
    """What this processor can do, the quickest first."""
    return [way for way in WAYS if way != "bf16" or ("BF16" in capabilities() and _computes_bf16())]


@cache
def _computes_bf16() -> bool:
    """Whether a layer as the decoder's runs: with `ONEDNN_MAX_CPU_ISA` a processor can be told not to use its units."""
    rows = op.parameter([-1, 64], ov.Type.f32)
    weights = op.convert(op.constant(np.ones((64, 64), np.int8)), ov.Type.f32)
    layer = op.matmul(rows, op.multiply(weights, op.constant(np.ones((64, 1), np.float32))), False, True)
    layer = op.add(layer, op.constant(np.ones(64, np.float32)))
    graph = ov.Model([op.result(layer)], [rows], "layer")
    try:
        model = core().compile_model(graph, "CPU", {**OPTIONS, "INFERENCE_PRECISION_HINT": "bf16"})
        model.create_infer_request().infer([np.ones((8, 64), np.float32)])
    except RuntimeError:
        return False
    return True


def capabilities() -> list[str]:
    """The kinds of numbers that OpenVINO has fast code for on this processor, such as `BF16` and `INT8`."""
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
