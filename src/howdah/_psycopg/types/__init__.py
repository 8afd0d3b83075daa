"""What modules of `psycopg.types` have besides."""
