"""The seeded dataset: the block format, and the shards of blocks that `infra.dataset.seeding` writes."""
