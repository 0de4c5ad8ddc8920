"""Where the digits come from and how they get into a store: download, IDX files, seeding.

Read `sources` first, then `seeding`.
"""
