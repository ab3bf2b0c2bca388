"""The index in PostgreSQL: what Django has for it, but for how idle connections are looked at."""
