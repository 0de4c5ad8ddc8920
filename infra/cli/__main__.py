"""Lets `python -m infra.cli` be the command `scrawl`."""

from infra.cli.main import main

main()
