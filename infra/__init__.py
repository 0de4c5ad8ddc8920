"""What prepares, builds, serves and deploys Scrawl: datasets, page, packages, AWS, containers, gRPC, command line.

Read `cli.main` first: each command calls another room.
"""

import sys

if sys.version_info < (3, 12):  # noqa: UP036 — said before older ones stumble over the syntax
    sys.exit(f"Scrawl needs Python 3.12 or newer; this is {sys.version.split()[0]} ({sys.executable})")
