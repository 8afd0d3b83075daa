"""psycopg's generators over libpq, which howdah has no use for: none of them is here."""
