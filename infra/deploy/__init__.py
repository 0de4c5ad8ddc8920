"""Scrawl on AWS: `scrawl deploy`, `status` and `destroy`. Read `deployment` first: it has the steps in order.

What the stack consists of is described in `infra/cloudformation/`.
"""
