"""Everything that runs in a Lambda: thin routes, and a pure core that knows neither Chalice nor botocore."""

VERSION = "0.2.1"  # as in pyproject.toml, which no Lambda carries
