"""Reading one shard from an event loop: directories, S3, memory, and a guard of identity."""
