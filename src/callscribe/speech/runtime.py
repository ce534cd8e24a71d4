"""OpenVINO, made ready for use from several threads.

Its Python binding sets some things up when they are first needed, under a lock of C++ and while holding Python's own:
two threads that need them first at the same moment wait for each other for ever (OpenVINO 2026.4). So the first
inference of a process is one that nobody else can be beside.
"""

import threading
from functools import cache

import numpy as np
import openvino as ov
from openvino import opset15 as op

_LOCK = threading.Lock()


def core() -> ov.Core:
    """The one core of this process, behind its first inference. Compile and infer through it only."""
    with _LOCK:
        return _core()


@cache
def _core() -> ov.Core:
    core = ov.Core()
    given = op.parameter([-1], ov.Type.f32)
    probe = core.compile_model(ov.Model([op.result(op.relu(given))], [given], "probe"), "CPU")
    (answer,) = probe.create_infer_request().infer([np.ones(1, np.float32)]).values()
    assert answer.tolist() == [1.0]
    return core
