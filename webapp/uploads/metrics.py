"""What is counted of uploads, however they arrive."""

from prometheus_client import Counter, Histogram

UPLOADS = Counter("shoebox_uploads_total", "Uploads by outcome.", ["outcome"])
SECONDS = Histogram(
    "shoebox_upload_seconds",
    "From the first byte of a request to its answer.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
