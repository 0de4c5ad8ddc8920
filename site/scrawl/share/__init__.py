"""Taking one's work away and sharing it: files, the API's weights, drawings, commands, and what the browser keeps.

The page's features begin with `share.start`; see `later.FEATURES`. `share.worker` and `share.lessons` run in the
worker.
"""
