"""A model of failures: shards in memory, one process after the other, each killed anywhere."""
