"""How much one token or one address may ask for: counted in front of everything, bodies unread."""
