"""The HTTP routes, one Blueprint per resource. A handler decodes, calls the core and encodes."""
