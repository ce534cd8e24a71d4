"""What processes that compute with models get of the operator's environment, and may read of the machine."""

import os
import sys

_INHERITED = frozenset({"HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR", "TZ"})
_INHERITED_PREFIXES = ("CT2_", "CUDA_", "LC_", "MALLOC_", "MKL_", "NVIDIA_", "OMP_", "ONEDNN_", "OPENBLAS_")


def harmless_environment() -> dict[str, str]:
    """The variables that Python, its libraries and a GPU need; keys of the operator's are none of them."""
    return {
        name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)
    }


def libraries() -> list[str]:
    """What libraries read beside models: themselves, each other, and what the machine is."""
    named = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    return [
        *filter(None, [*sys.path, sys.prefix, sys.base_prefix, *named]),
        *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom"),
        *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm", "/sys/devices/system"),
        "/sys/fs/cgroup",
    ]
