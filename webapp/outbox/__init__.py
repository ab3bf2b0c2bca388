"""Messages leave in the transaction of the change that caused them."""
