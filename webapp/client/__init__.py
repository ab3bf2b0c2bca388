"""The `shoebox` command: uploads from a shell, through the HTTP API like any other client.

Standard library and httpx only; nothing here knows Django, the index or a shard.
"""
