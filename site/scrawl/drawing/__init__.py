"""The pad: strokes, pens, pictures, and asking for a prediction of what is drawn. Read `geometry` first."""
