"""Shards that heal: repair, scrub, reap, drain, rebuild, and shards that are full."""
