"""Random walks over all that connections and cursors can do, on howdah and on psycopg, which is the oracle."""
