"""The page's side of the API: requests, retries, and whether the API is there. Read `api` first."""
