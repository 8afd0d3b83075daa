"""Those of Peewee's tests that use the PostgreSQL backend: the rest says nothing about a driver."""

import sys
import unittest
from collections.abc import Iterator

import eco_record
import tests
from tests import base

MODULES = {"postgres", "pool", "db_url", "dataset", "pwiz_integration", "reflection"}


def walk(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """The tests of a suite."""
    waiting = [iter(suite)]
    while waiting:
        for test in waiting[-1]:
            if isinstance(test, unittest.TestSuite):
                waiting.append(iter(test))
                break
            yield test
        else:
            waiting.pop()


def uses_database(test: unittest.TestCase) -> bool:
    """Whether a test is for our backend."""
    database = getattr(type(test), "database", None)
    if database is not None and not isinstance(database, base.PostgresqlDatabase):
        return False
    return (
        isinstance(test, base.DatabaseTestCase)
        or getattr(test, "database", None) is not None
        or type(test).__module__.removeprefix("tests.") in MODULES
    )


chosen = {test.id(): test for test in walk(unittest.TestLoader().loadTestsFromModule(tests)) if uses_database(test)}
suite = unittest.TestSuite(eco_record.drop_done(chosen.values()))
result = unittest.TextTestRunner(verbosity=1, resultclass=eco_record.Result).run(suite)
sys.exit(not result.wasSuccessful())
