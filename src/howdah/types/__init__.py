"""Types beyond Python's own."""
