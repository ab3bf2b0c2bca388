"""How pictures are wrapped: walks over the containers, never over pixels.

Each module reads one container with bounded memory and a bounded number of steps, and raises
nothing outside the ``ShoeboxError`` tree, whatever the bytes are.
"""
