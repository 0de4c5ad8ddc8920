"""Rooms: weights of a class's own, which a code opens, until they end.

Read `rooms` first; `codes` says what the codes look like.
"""
