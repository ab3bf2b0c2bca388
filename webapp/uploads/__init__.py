"""The receiver: from a socket to a stored image."""
