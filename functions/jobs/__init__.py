"""Retrainings: one job for each model at a time, its lease, the training itself, and what starts it.

Read `jobs` first, then `retraining`.
"""
