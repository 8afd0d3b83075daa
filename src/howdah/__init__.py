"""howdah: a PostgreSQL driver with its core in C and the API of psycopg 3."""
