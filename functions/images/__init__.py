"""Pictures as digits: image files decoded, ink told from paper, the digit from other ink, strokes drawn and placed.

Read `image_files` first, which calls `ink`, `figure`, `stroke_width` and `normalise` in order; `writing` checks
strokes, and `pen` draws them.
"""
