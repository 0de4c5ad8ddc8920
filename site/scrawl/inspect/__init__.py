"""Looking inside: what a network's layers are made of and make of a drawing, what it misreads, how it came there."""
