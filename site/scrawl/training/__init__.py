"""A training run: batch order, the block cache, the trainer and its measurements. Imports nothing of the browser.

Read `trainer` first.
"""
