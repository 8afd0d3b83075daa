"""Every family under other settings of the session: the same values in each format, and psycopg's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from type_families import FAMILIES, LITERALS, build, examples

DATE_STYLES = ["ISO, DMY", "German, DMY", "SQL, DMY", "SQL, MDY", "Postgres, DMY", "Postgres, MDY"]
SETTINGS = st.fixed_dictionaries(
    {
        "datestyle": st.sampled_from(DATE_STYLES),
        "intervalstyle": st.sampled_from(["postgres", "postgres_verbose", "sql_standard", "iso_8601"]),
        "timezone": st.sampled_from(
            ["UTC", "Europe/Rome", "America/Chicago", "Asia/Calcutta", "Australia/Lord_Howe"]
        ),
        "extra_float_digits": st.sampled_from(["0", "1", "3"]),
        "bytea_output": st.sampled_from(["hex", "escape"]),
        "standard_conforming_strings": st.sampled_from(["on", "off"]),
    }
)
FLOATS = {"float4", "float8"}


def outcome(run: Any, query: str, params: list[Any]) -> Any:
    """The row as it is drawn, or the class of the error: not every style has a reader."""
    try:
        row = run(query, params)
    except Exception as ex:
        return type(ex).__name__
    return [(type(value).__name__, repr(value)) for value in row]


@pytest.fixture(scope="module", autouse=True)
def _back_to_defaults(drivers):
    yield
    for run in (*drivers.ours.values(), *drivers.theirs.values()):
        run(
            "select 1 from (select set_config(name, reset_val, false) from pg_settings where name = any(%s)) x",
            [NAMES],
        )


NAMES = [
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "extra_float_digits",
    "bytea_output",
    "standard_conforming_strings",
]


@pytest.mark.parametrize("family", [*FAMILIES, *LITERALS], ids=lambda family: family.name)
@examples
@given(data=st.data())
def test_formats(drivers, family, data):
    settings = data.draw(SETTINGS)
    setting = "select " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in settings.items())
    for run in (*drivers.ours.values(), *drivers.theirs.values()):
        run(setting, [])
    if family in FAMILIES:
        value, query = data.draw(family.values), f"select %s::{family.type}"
        query += f", array[%s::{family.type}, null]"
    else:
        value, query = data.draw(family.texts), f"select %s::text::{family.type}"
    results = {}
    for name, driver, runs in (("", drivers.howdah, drivers.ours), ("psycopg ", drivers.psycopg, drivers.theirs)):
        params = [build(driver.name, value)] * query.count("%")
        results.update({name + road: outcome(run, query, params) for road, run in runs.items()})
    for road in ("adaptive", "binary"):
        assert results[f"asyncio {road}"] == results[road]
    # A double rounded by the server to more than the largest: DataError, where psycopg lets Python's own error out.
    results = {road: "DataError" if row == "OverflowError" else row for road, row in results.items()}
    differs = set(family.differs)
    if family.type == "bytea" and settings["bytea_output"] == "escape":
        differs.add("text")  # psycopg has the items of an array with what follows them
    for format in {"text", "binary"} - differs:
        assert results[format] == results[f"psycopg {format}"], (settings, query)
    # Unasked for, binary gives what text does: but no float is rounded.
    rounded = family.type in FLOATS and settings["extra_float_digits"] == "0"
    assert results["adaptive"] == results["binary" if rounded else "text"], (settings, query)
