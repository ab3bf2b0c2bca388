"""Bytes on one shard, and on several at once."""
