"""Everything that runs in a Lambda: thin routes, and a pure core that knows neither Chalice nor boto3."""
