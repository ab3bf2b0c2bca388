"""The render process: makes sizes on demand when read services ask; off by default."""
