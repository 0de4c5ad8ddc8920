"""Makes `python -m infra.cli` do the same as the command `scrawl`."""

from infra.cli.main import main

main()
