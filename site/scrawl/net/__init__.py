"""The network in the kernel's memory: layers, optimizers, recorded programs. Imports nothing of the browser.

Read `network` first.
"""
