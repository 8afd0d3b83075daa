"""What `psycopg.pq` says of itself."""

# Of the values that psycopg knows, the one that promises neither ctypes nor a module to compile against.
__impl__ = "binary"
