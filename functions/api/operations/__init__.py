"""What each route takes and answers, as data: `openapi` makes the document, and tests compare the routes with it.

`operation` has the classes of the description; the other modules describe one group of routes each.
"""
