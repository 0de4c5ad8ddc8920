"""The page's build: Brython, the bundles of its Python, the kernel, compressed assets. Read `site` first."""
