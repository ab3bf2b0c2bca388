"""Shards, pools and topology versions, and publishing them."""
