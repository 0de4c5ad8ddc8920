"""A plain `chalice local`, `chalice package` and `chalice deploy`, which know nothing of `scrawl deploy`.

Read `hook` first: it is what `app.py` calls.
"""
