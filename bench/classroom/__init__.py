"""A class that learns together, without browsers: what `bench.together` measures.

Read `tab` first, which is one of them; `writers` says whose digits they have.
"""
