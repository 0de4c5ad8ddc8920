"""Inspecting networks: layers, units, saliency, confusion matrix, timeline, and all networks on the same drawing.

The page's half makes views and requests (read `inspector` first); `attribution`, `tile_painter`,
`confusion_counter` and `fine_tuning` run in the worker.
"""
