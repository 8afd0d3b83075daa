"""The oids that psycopg keeps at hand."""

INVALID_OID = 0
