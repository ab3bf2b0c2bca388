"""What is counted of event streams."""

from prometheus_client import Counter, Gauge

LISTENERS = Gauge("shoebox_event_listeners", "Event streams that are open.")
STREAMS = Counter("shoebox_event_streams_total", "Requests for an event stream.", ["outcome"])
SOURCE = Gauge(
    "shoebox_event_source", "1 for where events come from while somebody listens.", ["source"]
)
