"""The handbook and the search over it.

Importing this package is cheap; the embedding model loads on the first search or on `Library.warm()`.
"""
