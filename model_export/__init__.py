"""Architectures, their ONNX graphs (inference and train step), training, export and shipped weights."""
