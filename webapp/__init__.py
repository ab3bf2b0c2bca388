"""Everything that answers HTTP, and the domain it shares with the workers."""
