"""Ways in by import: a link that is fetched, a folder or an archive an operator has."""
