"""The queue events wait on until they are deliveries in the index."""

QUEUE = "webhooks"
BINDING = "image.*"
"""Routing keys on the exchange of events that the queue takes."""
