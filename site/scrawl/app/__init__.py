"""How the page starts, and what holds it together. Read `main` first, then `app` and `page`."""
