"""Models: the manifest, sessions of ONNX Runtime, inference, training steps, and which weights serve predictions.

Read `model` first.
"""
