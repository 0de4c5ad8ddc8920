"""The page's start and what holds it together. Read `main` first, then `app` and `page`."""
