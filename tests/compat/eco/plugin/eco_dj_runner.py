"""Django TEST_RUNNER that records every outcome (see eco_record)."""

import eco_record
from django.test.runner import DiscoverRunner


def _skip_missing_extensions():
    """postgres_tests' migration wants pgcrypto & co.: skip those the server does not have."""
    from django.contrib.postgres import operations as o

    real = o.CreateExtension.database_forwards

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        with schema_editor.connection.cursor() as c:
            c.execute("select 1 from pg_available_extensions where name = %s", [self.name])
            if not c.fetchone():
                return
        return real(self, app_label, schema_editor, from_state, to_state)

    o.CreateExtension.database_forwards = database_forwards


class EcoRunner(DiscoverRunner):
    def get_resultclass(self):
        return eco_record.Result

    def setup_databases(self, **kwargs):
        _skip_missing_extensions()
        return super().setup_databases(**kwargs)

    def run_suite(self, suite, **kwargs):
        left = eco_record.drop_done(suite)
        suite._tests = left
        return super().run_suite(suite, **kwargs)
