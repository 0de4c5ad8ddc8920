"""Scrawl on AWS: `scrawl deploy`, `status` and `destroy`. Its stack is described by `infra.cloudformation`."""
