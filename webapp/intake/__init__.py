"""From the bytes of a file to an image, whichever way they came: look, clean, store."""
