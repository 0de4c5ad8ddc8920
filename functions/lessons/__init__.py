"""Lessons that go through a stream: handed in by PATCH, learned by one consumer per shard, and what became of them.

Read `lesson` first, then `inbox`, which hands in, and `learner`, which learns. Stages without a stream do without it.
"""
