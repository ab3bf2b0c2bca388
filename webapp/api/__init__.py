"""HTTP, version 1: parse, call a service, answer."""
