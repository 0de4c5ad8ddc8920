"""The local stack of `scrawl serve`: page, API and an embedded S3 in one process. Read `local_stack` first."""
