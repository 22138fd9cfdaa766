"""What the numbers of a run depend on besides its settings."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("mnistkit", "tensorflow", "keras", "numpy")
_FLAGS = ("TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "XLA_FLAGS", "OMP_NUM_THREADS")


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that shape a result."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _PACKAGES},
    }


def machine() -> dict[str, Any]:
    """Processor, threads, devices, and the settings of TensorFlow that change its arithmetic."""
    import tensorflow as tf

    return {
        "system": platform.platform(),
        "processor": processor_name(),
        "processors": os.cpu_count(),
        "threads": {
            "inter_op": tf.config.threading.get_inter_op_parallelism_threads(),
            "intra_op": tf.config.threading.get_intra_op_parallelism_threads(),
        },
        "devices": [device.device_type for device in tf.config.list_physical_devices()],
        "flags": {name: os.environ[name] for name in _FLAGS if name in os.environ},
    }


def processor_name() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
