"""Shared weights: immutable versions in safetensors files, and a pointer to the current one.

Read `repository` first: it stores a version, then moves the pointer by compare-and-swap.
"""
