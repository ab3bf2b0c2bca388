"""Images, and everything that is done to them."""
