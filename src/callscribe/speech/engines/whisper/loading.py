"""A model from its folder, computed in the way that settings ask for."""

import logging
import os
from functools import partial
from pathlib import Path

from callscribe.errors import SetupError
from callscribe.speech.engines.whisper import quantization
from callscribe.speech.engines.whisper.compute import Way, choose, precision, takes_gpu, ways
from callscribe.speech.engines.whisper.ctranslate2_network import CTranslate2Network
from callscribe.speech.engines.whisper.network import Network, Tokenizers
from callscribe.speech.engines.whisper.openvino_network import OpenVinoNetwork
from callscribe.speech.engines.whisper.quantization import NOT_QUANTIZED
from callscribe.speech.engines.whisper.weights import Weights

log = logging.getLogger(__name__)


def load_network(folder: Path, tokenizers: Tokenizers, *, device: str, threads: int, compute: str) -> Network:
    """The model, computed as the settings `device` and `compute` say.

    Raises:
        SetupError: `compute` names what this machine cannot do, or cannot do with this model.
    """
    threads = threads or _cores()
    way = choose(compute, device)
    on_ctranslate2 = partial(CTranslate2Network, folder, tokenizers, cuda=takes_gpu(device), threads=threads)
    if way == "ctranslate2":
        return on_ctranslate2()
    weights = Weights.find(folder)
    if weights is None:
        if compute != "auto":
            raise SetupError(
                f"The weights in {folder} are of a kind that only CALLSCRIBE_COMPUTE=ctranslate2 computes."
            )
        return on_ctranslate2()
    magnitudes = quantization.find(folder, weights) if way == "int8" else NOT_QUANTIZED
    if magnitudes is None:
        way, magnitudes = _without_int8(folder, compute), NOT_QUANTIZED
    if way == "ctranslate2":
        return on_ctranslate2()
    return OpenVinoNetwork(
        folder, weights, tokenizers, threads=threads, precision=precision(way), magnitudes=magnitudes
    )


def _without_int8(folder: Path, compute: str) -> Way:
    """The way of a model that is not prepared for int8."""
    told = f"The model in {folder} is not prepared for int8; callscribe models pull does that."
    if compute == "int8":
        raise SetupError(told)
    way: Way = "bf16" if "bf16" in ways() else "ctranslate2"
    log.warning("%s Until then it is computed as %s", told, way)
    return way


def _cores() -> int:
    """The cores this process may use; CTranslate2's own default stops at four."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
