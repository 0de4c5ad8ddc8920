"""The protocols, and the code that `make protos` generates from them: it is tracked, and never edited by hand."""
