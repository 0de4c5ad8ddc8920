"""The pad: strokes, pens, images, and requesting a prediction of what is drawn. Read `drawing` first."""
