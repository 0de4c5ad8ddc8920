"""All that the page shows, as plain values, and the transitions that change it. Imports nothing of the browser.

Read `app_state` first, then `transitions`.
"""
