"""Pixels only."""
