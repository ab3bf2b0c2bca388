"""Users, tokens, quotas."""
