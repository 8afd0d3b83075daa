"""Session settings that change what bytes mean: client_encoding, DateStyle, TimeZone, IntervalStyle."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest


def test_latin1(pg, dsn):
    with pg.connect(dsn, client_encoding="latin1", autocommit=True) as conn:
        assert conn.info.encoding == "iso8859-1"
        assert conn.execute("select 'é', %s, chr(233), length('é')", ["ü"]).fetchone() == ("é", "ü", "é", 1)


def test_latin1_cannot_say_everything(pg, dsn):
    with pg.connect(dsn, client_encoding="latin1", autocommit=True) as conn:
        with pytest.raises(UnicodeEncodeError):
            conn.execute("select %s", ["€"])
        with pytest.raises(pg.errors.UntranslatableCharacter):
            conn.execute("select chr(8364)")
        assert conn.execute("select %s", ["é"]).fetchone() == ("é",)


def test_encoding_changed_mid_session(auto):
    for name, codec in [("latin1", "iso8859-1"), ("utf8", "utf-8"), ("win1252", "cp1252"), ("utf8", "utf-8")]:
        auto.execute(f"set client_encoding to {name}")
        assert auto.info.encoding == codec
        for _ in range(7):
            assert auto.execute("select %s::text, 'é'", ["ü"]).fetchone() == ("ü", "é")


def test_euro_by_two_encodings(auto):
    for name in ("latin9", "win1252", "utf8"):
        auto.execute(f"set client_encoding to {name}")
        assert auto.execute("select %s::text, chr(8364)", ["€"]).fetchone() == ("€", "€")


def test_earlier_result_keeps_its_encoding(auto):
    auto.execute("set client_encoding to latin1")
    cur = auto.execute("select 'é'")
    auto.execute("set client_encoding to utf8")
    assert cur.fetchone() == ("é",)


def test_multibyte_encodings(auto):
    for name, text in [("euc_jp", "日本"), ("sjis", "日本"), ("gbk", "中国"), ("big5", "中國"), ("euc_kr", "한국")]:
        auto.execute(f"set client_encoding to {name}")
        assert auto.execute("select %s::text, length(%s)", [text, text]).fetchone() == (text, 2)


def test_column_names_in_another_encoding(pg, auto):
    auto.execute("set client_encoding to latin1")
    cur = auto.cursor(row_factory=pg.rows.dict_row).execute('select 1 as "naïve"')
    assert cur.fetchone() == {"naïve": 1}


def test_error_messages_in_another_encoding(pg, auto):
    auto.execute("set client_encoding to latin1")
    with pytest.raises(pg.errors.UndefinedColumn, match="naïve"):
        auto.execute('select "naïve"')


def test_sql_ascii(auto):
    """No encoding: text comes as bytes, as psycopg gives it."""
    auto.execute("set client_encoding to sql_ascii")
    assert auto.execute("select 'abc'::text").fetchone() == (b"abc",)
    assert auto.execute("select %s::text", [b"\xc3\xa9"], binary=False).fetchone() is not None


def test_datestyle_changed(auto):
    expected = (date(2024, 2, 1), datetime(2024, 2, 1, 12, 30))
    for style in ("iso, mdy", "sql, dmy", "sql, mdy", "postgres, dmy", "postgres, mdy", "german", "iso, ymd"):
        auto.execute(f"set datestyle to '{style}'")
        for _ in range(7):
            query = "select '2024-02-01'::date, '2024-02-01 12:30'::timestamp, %s::date"
            assert auto.execute(query, [date(2024, 2, 1)]).fetchone() == (*expected, date(2024, 2, 1))


def test_timezone_changed(auto):
    moment = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
    for zone, hour in [("UTC", 12), ("Europe/Rome", 14), ("Asia/Kolkata", 17), ("America/New_York", 8)]:
        auto.execute(f"set timezone to '{zone}'")
        for _ in range(7):
            (value,) = auto.execute("select %s::timestamptz", [moment]).fetchone()
            assert value == moment
            assert value.hour == hour


@pytest.mark.howdah_only  # psycopg says it in two places
def test_a_timezone_that_python_lacks_is_warned_of_once(auto, caplog):
    auto.execute("set timezone to 'HOWDAH7'")
    assert auto.info.timezone == timezone.utc
    assert auto.execute("select now()").fetchone()[0].tzinfo == timezone.utc
    auto.execute("set datestyle to sql")
    assert auto.info.timezone == timezone.utc
    assert [record.getMessage() for record in caplog.records] == [
        "unknown PostgreSQL timezone: 'HOWDAH7'; will use UTC"
    ]


def test_intervalstyle_changed(auto):
    value = timedelta(days=3, hours=4, minutes=5, seconds=6, microseconds=7)
    for style in ("postgres", "sql_standard", "iso_8601", "postgres_verbose", "postgres"):
        auto.execute(f"set intervalstyle to '{style}'")
        for _ in range(3):
            (there,) = auto.execute("select %s = '3 days 04:05:06.000007'::interval", [value]).fetchone()
            assert there is True


def test_settings_follow_a_rollback(conn):
    conn.execute("set datestyle to 'iso, ymd'")
    conn.commit()
    conn.execute("set datestyle to 'sql, dmy'")
    assert conn.execute("select '2024-02-01'::date").fetchone() == (date(2024, 2, 1),)
    conn.rollback()
    assert conn.execute("select '2024-02-01'::date").fetchone() == (date(2024, 2, 1),)


def test_settings_of_a_function(auto):
    """A SET LOCAL or a function's own setting ends with it."""
    auto.execute("""create function pg_temp.day() returns text language sql
                    set datestyle to 'german' as $$ select '2024-02-01'::date::text $$""")
    assert auto.execute("select pg_temp.day(), '2024-02-01'::date").fetchone() == ("01.02.2024", date(2024, 2, 1))


def test_standard_conforming_strings(auto):
    auto.execute("set standard_conforming_strings to on")
    assert auto.execute(r"select '\', %s", ["\\"]).fetchone() == ("\\", "\\")


def test_search_path_at_connection(pg, dsn):
    with pg.connect(dsn, options="-c search_path=pg_catalog") as conn:
        assert conn.execute("show search_path").fetchone() == ("pg_catalog",)


async def test_async_encoding_changed(aauto):
    await aauto.execute("set client_encoding to latin1")
    assert await (await aauto.execute("select 'é', %s", ["ü"])).fetchone() == ("é", "ü")
    assert aauto.info.encoding == "iso8859-1"
