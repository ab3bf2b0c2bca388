"""The read service: core and storage only."""
