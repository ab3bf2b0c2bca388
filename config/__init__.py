"""The composition root: knows every room; no room imports it."""
