"""The pad: strokes, pens, images, and requesting a prediction of what is drawn.

Read `scrawl.state.drawing` first (the strokes themselves), then `pad_view`.
"""
