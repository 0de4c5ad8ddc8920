"""Scrawl's page. Modules that do not import `browser` are plain Python and are tested as such."""
