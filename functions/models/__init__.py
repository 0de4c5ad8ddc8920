"""Models: the manifest, sessions of ONNX Runtime, inference, training steps, and which weights serve predictions.

Read `model` first.
"""

import os

# ONNX Runtime (1.29 and newer) tells Microsoft what it runs and numbers the machine, unless this is set as it loads.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
