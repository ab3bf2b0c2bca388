"""Doors: each view parses, calls one service, answers."""
