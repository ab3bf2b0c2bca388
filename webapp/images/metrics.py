"""What is counted of images, wherever their services run."""

from prometheus_client import Counter, Histogram

READY_SECONDS = Histogram(
    "shoebox_image_ready_seconds",
    "From an upload's row to its image being ready.",
    buckets=(0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200),
)
READS = Counter(
    "shoebox_original_reads_total",
    "Originals fetched from a shard, by whether it is in this process's zone: local, remote.",
    ["place"],
)
FIRST_WRITES = Counter(
    "shoebox_first_writes_total",
    "Blobs written, by whether the shard that accepted first is in this process's zone.",
    ["place"],
)
SHOWN = (READY_SECONDS, READS, FIRST_WRITES)
