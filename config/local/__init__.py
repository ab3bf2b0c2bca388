"""Shoebox on one machine: the real servers it stands on, and the profiles made of them.

Everything here describes and starts processes for development, tests and drills. Nothing in
the rooms that answer HTTP or consume queues knows of it.
"""
