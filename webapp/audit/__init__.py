"""Who changed what: written with the change, read by staff."""
