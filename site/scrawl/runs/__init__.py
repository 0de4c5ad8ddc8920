"""Saved runs: listed and named, drawn over the curves, read off at an iteration, and repeated by the page's URL.

Read `runs_state` first, then `runs_view`, which starts the feature.
"""
