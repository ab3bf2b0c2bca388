"""Pure decisions: no framework, no input or output, no clock. The time comes in as a value."""
