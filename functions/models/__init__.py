"""Models: the manifest, sessions of ONNX Runtime, inference, training steps, and which weights serve predictions.

Read `model` first.
"""

import os

# ONNX Runtime, from 1.29 on, tells Microsoft what it runs and numbers the machine, unless this is set before it loads.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
