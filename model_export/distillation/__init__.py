"""Trains the shipped weights with PyTorch: large networks learn first, then the small ones learn from them.

Read `settings` first, then `distil`. Only this package needs PyTorch: `pip install 'scrawl[distillation]'`.
"""
