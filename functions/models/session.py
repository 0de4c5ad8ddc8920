"""How ONNX Runtime is set up, for training and inference alike."""

from typing import Any

import onnxruntime


def options(threads: int) -> Any:
    """Return session options for so many threads that leave the processor alone when they have nothing to do."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    # Waiting threads otherwise spin, which on a shared or partial processor takes the time from the working ones.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return settings


def create(onnx: bytes, settings: Any) -> Any:
    """Return a session on the processor."""
    return onnxruntime.InferenceSession(onnx, settings, providers=["CPUExecutionProvider"])
