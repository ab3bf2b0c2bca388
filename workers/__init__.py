"""Everything that consumes a queue: thin tasks that fetch, call, report."""
