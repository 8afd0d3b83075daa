"""The servers that tests run against, and how each is started."""
