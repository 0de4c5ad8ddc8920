"""The network as a picture: from the drawing over each layer to the ten answers, and one convolution step by step.

The page's half makes views and requests (read `network_diagram` first); `strengths` runs in the worker.
"""
