"""Learning together: this tab learns from digits that stay in it, and sends what its weights have changed by.

Read `together_view` first, which starts the feature, then `learning_rounds`; `local_round` runs in the worker.
"""
