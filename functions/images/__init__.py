"""Pictures as digits: image files decoded, ink told from paper, strokes drawn, and the digit placed as MNIST's are.

Read `image_files` first, which calls `ink` and `normalise` in order; `pen` draws strokes.
"""
