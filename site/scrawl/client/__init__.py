"""The page's side of the API: its routes, time limits and retries, and whether it is there. Read `api` first."""
