"""Retrainings: one job for each model at a time, the lease that keeps it, and the training itself.

Read `jobs` first, then `retraining`.
"""
