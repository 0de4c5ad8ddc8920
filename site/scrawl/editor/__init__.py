"""The layer editor: choosing the layers of a network of one's own.

Read `network_draft` first, which is pure; `network_editor` shows it.
"""
