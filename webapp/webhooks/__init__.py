"""Telling other programs what happened to images: signed webhooks, delivered until they arrive."""
