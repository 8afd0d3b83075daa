"""Values that Python's datetime cannot hold, under every option; the defaults are psycopg's and tested by family."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
import struct
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from howdah import _howdah, errors
from howdah.types.datetime import (
    INFINITY,
    NEGATIVE_INFINITY,
    DateBinaryDumper,
    DatetimeBinaryDumper,
    DatetimeDumper,
    Interval,
    TimeBinaryDumper,
    TimedeltaBinaryDumper,
    TimedeltaDumper,
    TimeDumper,
)
from oracle import BINARY, TEXT, outcome
from server_text import INTERVAL_STYLES, civil, postgres, written, zone

DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ, INTERVAL = 1082, 1083, 1266, 1114, 1184, 1186
DAY = 86400 * 10**6
EPOCH = dt.datetime(2000, 1, 1)
CYCLE = 146097  # days in which the calendar repeats

FIRST_DAY, LAST_DAY = -2451545, 2145031948  # 4714-11-24 BC to 5874897-12-31
FIRST_MICROS, LAST_MICROS = -211813488000000000, 9223371331200000000 - 1

OPTIONS = [
    {"infinity": infinity, "out_of_range": out_of_range}
    for infinity, out_of_range in product(["error", "clamp", "marker"], ["error", "text"])
]
STYLES = ["ISO, MDY", "German, DMY", "SQL, DMY", "SQL, MDY", "Postgres, DMY", "Postgres, MDY"]
ZONES = ["UTC", "Etc/UTC", "Europe/Rome", "America/St_Johns", "Asia/Tokyo", "Australia/Lord_Howe", "Etc/GMT-14"]

int4 = st.integers(-(2**31), 2**31 - 1)
int8 = st.integers(-(2**63), 2**63 - 1)
plausible = st.tuples(st.integers(-1200, 1200), st.integers(-10000, 10000), st.integers(-(10**12), 10**12))
days = st.integers(FIRST_DAY, LAST_DAY) | st.integers(-740000, -720000) | st.integers(2910000, 2930000)
micros = (
    st.integers(FIRST_MICROS, LAST_MICROS)
    | st.integers(-730125 * DAY, -730113 * DAY)
    | st.integers(2921935 * DAY, 2921945 * DAY)
)


def fits_date(day: int) -> bool:
    return 1 <= civil(day)[0] <= 9999


# ---- date


@pytest.mark.parametrize("options", OPTIONS)
@given(day=days, style=st.sampled_from(STYLES))
def test_date(options: dict[str, Any], day: int, style: str) -> None:
    from_binary = outcome(_howdah.load, DATE, BINARY, struct.pack("!i", day), **options)
    from_text = outcome(_howdah.load, DATE, TEXT, written(day, style).encode(), date_style=style, **options)
    assert from_text == from_binary
    if not fits_date(day):
        expected = (str, repr(written(day, "ISO, MDY"))) if options["out_of_range"] == "text" else "DataError"
        assert from_binary == expected


# ---- timestamp


@pytest.mark.parametrize("options", OPTIONS)
@given(t=micros, style=st.sampled_from(STYLES))
def test_timestamp(options: dict[str, Any], t: int, style: str) -> None:
    day, rest = divmod(t, DAY)
    from_binary = outcome(_howdah.load, TIMESTAMP, BINARY, struct.pack("!q", t), **options)
    from_text = outcome(
        _howdah.load, TIMESTAMP, TEXT, written(day, style, rest).encode(), date_style=style, **options
    )
    assert from_text == from_binary
    if not fits_date(day):
        expected = (str, repr(written(day, "ISO, MDY", rest))) if options["out_of_range"] == "text" else "DataError"
        assert from_binary == expected


# ---- timestamptz


def offset_beyond(name: str, t: int) -> int:
    """Of the zone at an instant that is far from Python's calendar: as 400 years before, or as in year 1."""
    if name in ("UTC", "Etc/UTC"):
        return 0
    day, rest = divmod(t, DAY)
    day = -730000 if day < -730000 else day - (day - 2700000 + CYCLE) // CYCLE * CYCLE if day > 2700000 else day
    utc = EPOCH.replace(tzinfo=dt.timezone.utc) + dt.timedelta(day, 0, rest)
    offset = utc.astimezone(ZoneInfo(name)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


@pytest.mark.parametrize("options", OPTIONS)
@given(t=micros, name=st.sampled_from(ZONES))
@example(t=2921940 * DAY - 1, name="Europe/Rome")
@example(t=2921940 * DAY, name="America/St_Johns")
@example(t=-730119 * DAY, name="America/St_Johns")
@example(t=-730119 * DAY - 1, name="Asia/Tokyo")
def test_timestamptz(options: dict[str, Any], t: int, name: str) -> None:
    east = offset_beyond(name, t)
    day, rest = divmod(t + east * 10**6, DAY)
    text = written(day, "ISO, MDY", rest, east)
    values = []
    for format, data in (BINARY, struct.pack("!q", t)), (TEXT, text.encode()):
        try:
            values.append(_howdah.load(TIMESTAMPTZ, format, data, timezone=name, **options))
        except errors.DataError:
            values.append(None)
    from_binary, from_text = values
    if isinstance(from_binary, dt.datetime):
        # near the ends their zones may differ
        assert from_text.replace(tzinfo=None) == from_binary.replace(tzinfo=None)
        assert from_text.utcoffset() == from_binary.utcoffset()
        return
    assert from_text == from_binary == (text if options["out_of_range"] == "text" else None)


def test_timestamptz_of_a_zone_that_the_machine_lacks() -> None:
    """The instant in UTC, in both formats; psycopg warns too, once."""
    for format, data in (
        (BINARY, struct.pack("!q", 2921940 * DAY)),
        (TEXT, b"10000-01-01 05:45:00+05:45"),
    ):
        value = _howdah.load(TIMESTAMPTZ, format, data, timezone="Moon/Tranquility", out_of_range="text")
        assert value == "10000-01-01 00:00:00+00"


# ---- time and timetz


@pytest.mark.parametrize("options", OPTIONS)
def test_end_of_day(options: dict[str, Any]) -> None:
    from_binary = outcome(_howdah.load, TIME, BINARY, struct.pack("!q", DAY), **options)
    assert from_binary == outcome(_howdah.load, TIME, TEXT, b"24:00:00", **options)
    assert from_binary == ((str, "'24:00:00'") if options["out_of_range"] == "text" else "DataError")


@pytest.mark.parametrize("options", OPTIONS)
@given(east=st.integers(-86399, 86399) | st.sampled_from([0, 3600, -5400]))
def test_end_of_day_with_zone(options: dict[str, Any], east: int) -> None:
    text = "24:00:00" + zone(east)
    from_binary = outcome(_howdah.load, TIMETZ, BINARY, struct.pack("!qi", DAY, -east), **options)
    assert from_binary == outcome(_howdah.load, TIMETZ, TEXT, text.encode(), **options)
    assert from_binary == ((str, repr(text)) if options["out_of_range"] == "text" else "DataError")


# ---- infinities

INFINITIES = [
    (DATE, struct.pack("!i", 2**31 - 1), struct.pack("!i", -(2**31)), dt.date.max, dt.date.min),
    (TIMESTAMP, struct.pack("!q", 2**63 - 1), struct.pack("!q", -(2**63)), dt.datetime.max, dt.datetime.min),
    (
        TIMESTAMPTZ,
        struct.pack("!q", 2**63 - 1),
        struct.pack("!q", -(2**63)),
        dt.datetime.max.replace(tzinfo=dt.timezone.utc),
        dt.datetime.min.replace(tzinfo=dt.timezone.utc),
    ),
    (
        INTERVAL,
        struct.pack("!qii", 2**63 - 1, 2**31 - 1, 2**31 - 1),
        struct.pack("!qii", -(2**63), -(2**31), -(2**31)),
        dt.timedelta.max,
        dt.timedelta.min,
    ),
]


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("case", INFINITIES, ids=["date", "timestamp", "timestamptz", "interval"])
def test_infinity(case: tuple[int, bytes, bytes, Any, Any], style: str, name: str) -> None:
    oid, positive, negative, last, first = case
    if oid == TIMESTAMPTZ and style[0] != "I":
        return  # not read from text at all
    for out_of_range in ("error", "text"):
        for sign, binary, clamped, marker in (
            (1, positive, last, INFINITY),
            (-1, negative, first, NEGATIVE_INFINITY),
        ):
            for format, data in (BINARY, binary), (TEXT, b"infinity" if sign > 0 else b"-infinity"):
                settings = {"timezone": name, "date_style": style, "out_of_range": out_of_range}
                with pytest.raises(errors.DataError):
                    _howdah.load(oid, format, data, **settings)
                value = _howdah.load(oid, format, data, infinity="clamp", **settings)
                assert (repr(value), type(value)) == (repr(clamped), type(clamped))
                assert _howdah.load(oid, format, data, infinity="marker", **settings) is marker


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("data", [b"infinity", b"-infinity"])
def test_a_clamped_timestamptz_can_be_used(data: bytes, name: str) -> None:
    value = _howdah.load(TIMESTAMPTZ, TEXT, data, timezone=name, infinity="clamp")
    now = dt.datetime.now(ZoneInfo("Asia/Tokyo"))
    assert str(value) == value.isoformat(" ")
    assert f"{value:%m %z}".endswith("+0000")
    assert (value > now) == (data == b"infinity")
    assert hash(value) == hash(copy.copy(value))


MOMENTS: list[Any] = [
    dt.date.min,
    dt.date.max,
    dt.datetime.min,
    dt.datetime.max,
    dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc),
    dt.datetime.max.replace(tzinfo=ZoneInfo("Asia/Tokyo")),
    dt.timedelta.min,
    dt.timedelta.max,
]


@pytest.mark.parametrize("moment", MOMENTS, ids=repr)
def test_markers_compare(moment: Any) -> None:
    assert NEGATIVE_INFINITY < moment < INFINITY
    assert NEGATIVE_INFINITY <= moment <= INFINITY
    assert INFINITY > moment > NEGATIVE_INFINITY
    assert INFINITY >= moment >= NEGATIVE_INFINITY
    assert not moment > INFINITY
    assert not moment < NEGATIVE_INFINITY
    assert not moment >= INFINITY
    assert moment != INFINITY
    assert moment != NEGATIVE_INFINITY
    assert sorted([INFINITY, moment, NEGATIVE_INFINITY]) == [NEGATIVE_INFINITY, moment, INFINITY]
    assert max([moment, INFINITY, moment]) is INFINITY


def test_markers_among_themselves() -> None:
    assert NEGATIVE_INFINITY < INFINITY
    assert INFINITY > NEGATIVE_INFINITY
    assert INFINITY == INFINITY
    assert INFINITY >= INFINITY <= INFINITY
    assert not INFINITY < INFINITY
    assert not NEGATIVE_INFINITY > NEGATIVE_INFINITY
    assert INFINITY != NEGATIVE_INFINITY
    assert len({INFINITY, NEGATIVE_INFINITY, INFINITY}) == 2
    with pytest.raises(TypeError):
        assert INFINITY < 3
    with pytest.raises(TypeError):
        assert dt.time(1) <= INFINITY  # type: ignore[operator]


@pytest.mark.parametrize("marker", [INFINITY, NEGATIVE_INFINITY])
def test_markers_are_one_of_a_kind(marker: Any) -> None:
    assert copy.copy(marker) is marker
    assert copy.deepcopy([marker])[0] is marker
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(marker, protocol)) is marker
    assert repr(marker) == ("INFINITY" if marker is INFINITY else "NEGATIVE_INFINITY")


@pytest.mark.parametrize(("marker", "text"), [(INFINITY, b"infinity"), (NEGATIVE_INFINITY, b"-infinity")])
def test_markers_as_parameters(marker: Any, text: bytes) -> None:
    assert str(marker).encode() == text
    assert _howdah.dump(marker) == (0, TEXT, text)
    assert _howdah.dump(marker, "t") == (0, TEXT, text)
    with pytest.raises(errors.ProgrammingError, match="cannot adapt type 'Infinity' using placeholder '%b'"):
        _howdah.dump(marker, "b")


@pytest.mark.parametrize(
    ("values", "oid"),
    [
        ([dt.date(2020, 2, 29)], 1182),
        ([dt.datetime(2020, 2, 29)], 1115),
        ([dt.datetime(2020, 2, 29, tzinfo=dt.timezone.utc)], 1185),
        ([dt.timedelta(3)], 1187),
        ([Interval(1), dt.timedelta(3)], 1187),
    ],
)
def test_markers_in_lists(values: list[Any], oid: int) -> None:
    """They are of the type of the others, wherever they stand."""
    for mixed in ([INFINITY, *values, None, NEGATIVE_INFINITY], [*values, INFINITY]):
        assert _howdah.dump(mixed)[0] == oid
        options = {"infinity": "marker"}
        text = _howdah.dump(mixed, "t")
        assert text[:2] == (oid, TEXT)
        found_oid, format, binary = _howdah.dump(mixed, "b")
        assert (found_oid, format) == (oid, BINARY)
        assert binary is not None
        from_binary = _howdah.load(oid, BINARY, binary, **options)
        if Interval(1) in mixed:
            assert _howdah.load(oid, BINARY, binary, interval="exact")[-2:] != from_binary
        else:
            assert from_binary == mixed
    nested = [[INFINITY, NEGATIVE_INFINITY], [values[0], values[-1]]]
    assert _howdah.dump(nested, "b")[0] == oid


def test_a_list_of_nothing_but_markers() -> None:
    assert _howdah.dump([INFINITY, None, NEGATIVE_INFINITY]) == (0, TEXT, b"{infinity,NULL,-infinity}")
    assert _howdah.dump([INFINITY], "b") == (0, TEXT, b"{infinity}")


@pytest.mark.parametrize("values", [[1], [2**70], ["x"]])
def test_markers_among_what_has_no_infinity(values: list[Any]) -> None:
    with pytest.raises(TypeError, match="cannot dump Infinity as a type without infinity"):
        _howdah.dump([*values, INFINITY], "b")


def test_arrays() -> None:
    options = {"infinity": "marker", "out_of_range": "text", "interval": "exact"}
    data = b'{infinity,NULL,"0044-03-15 BC",2020-02-29}'
    assert _howdah.load(1182, TEXT, data, **options) == [INFINITY, None, "0044-03-15 BC", dt.date(2020, 2, 29)]
    binary = struct.pack("!iiIii", 1, 1, DATE, 3, 1) + struct.pack("!ii i ii", 4, 2**31 - 1, -1, 4, -746117)
    assert _howdah.load(1182, BINARY, binary, **options) == [INFINITY, None, "0044-03-15 BC"]
    data = b'{"1 mon","-00:00:00.5",infinity}'
    assert _howdah.load(1187, TEXT, data, **options) == [
        Interval(1),
        Interval(microseconds=-500000),
        Interval(2**31 - 1, 2**31 - 1, 2**63 - 1),
    ]
    assert _howdah.load(1183, TEXT, b"{24:00:00,00:00:00}", **options) == ["24:00:00", dt.time(0)]


# ---- interval


fields = st.tuples(int4, int4, int8) | plausible


@given(fields)
@example((2**31 - 1, 2**31 - 1, 2**63 - 2))
@example((-(2**31), -(2**31), -(2**63) + 1))
@example((0, 0, -(2**63)))
def test_exact_intervals(counts: tuple[int, int, int]) -> None:
    months, days, micros = counts
    expected = Interval(months, days, micros)
    binary = struct.pack("!qii", micros, days, months)
    assert _howdah.load(INTERVAL, BINARY, binary, interval="exact") == expected
    for style, writer in INTERVAL_STYLES.items():
        text = writer(*counts).encode()
        assert _howdah.load(INTERVAL, TEXT, text, interval="exact", interval_style=style) == expected, (style, text)
    assert str(expected) == postgres(*counts)
    assert _howdah.dump(expected) == _howdah.dump(expected, "b") == (INTERVAL, BINARY, binary)
    oid, format, text = _howdah.dump(expected, "t")
    assert (oid, format) == (INTERVAL, TEXT)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("style", INTERVAL_STYLES)
def test_infinite_intervals(style: str, sign: int) -> None:
    case = INFINITIES[-1]
    text, binary = (b"infinity", case[1]) if sign > 0 else (b"-infinity", case[2])
    value = _howdah.load(INTERVAL, TEXT, text, interval="exact", interval_style=style)
    assert value == _howdah.load(INTERVAL, BINARY, binary, interval="exact")
    assert str(value).encode() == text
    assert _howdah.dump(value, "t") == (INTERVAL, TEXT, text)
    assert _howdah.dump(value, "b") == (INTERVAL, BINARY, binary)


@given(fields)
def test_intervals_beyond_timedelta(counts: tuple[int, int, int]) -> None:
    months, days, micros = counts
    binary = struct.pack("!qii", micros, days, months)
    text = postgres(*counts).encode()
    from_binary = outcome(_howdah.load, INTERVAL, BINARY, binary, out_of_range="text")
    assert from_binary == outcome(_howdah.load, INTERVAL, TEXT, text, out_of_range="text")
    if outcome(_howdah.load, INTERVAL, BINARY, binary) == "DataError":
        assert from_binary == (str, repr(text.decode()))


def test_interval_object() -> None:
    value = Interval(14, -3, 14706789000)
    assert repr(value) == "Interval(months=14, days=-3, microseconds=14706789000)"
    assert str(value) == "1 year 2 mons -3 days +04:05:06.789"
    assert value == Interval(14, -3, 14706789000) != Interval(0, 417, 14706789000)
    assert hash(value) == hash(Interval(14, -3, 14706789000))
    assert Interval(days=1) != Interval(microseconds=DAY)
    assert Interval() != dt.timedelta(0)
    assert copy.deepcopy(value) == value
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value
    with pytest.raises(AttributeError):
        value.months = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        assert value < Interval(1)  # type: ignore[operator]


def test_interval_to_timedelta() -> None:
    assert Interval(0, -3, 14706789000).timedelta() == dt.timedelta(days=-3, microseconds=14706789000)
    with pytest.raises(ValueError, match="no fixed length: 1 mon 2 days"):
        Interval(1, 2).timedelta()
    with pytest.raises(OverflowError):
        Interval(0, 2**31 - 1).timedelta()


@pytest.mark.parametrize("format", ["s", "t", "b"])
@pytest.mark.parametrize(
    "value", [Interval(2**31), Interval(0, -(2**31) - 1), Interval(0, 0, 2**63), Interval(10**30)], ids=repr
)
def test_intervals_that_no_server_has(value: Interval, format: str) -> None:
    with pytest.raises(errors.DataError, match="PostgreSQL's intervals cannot hold"):
        _howdah.dump(value, format)


# ---- the rest


def test_options_by_name() -> None:
    for option in ("infinity", "out_of_range", "interval"):
        with pytest.raises(ValueError, match=f"bad value for {option}: 'always'"):
            _howdah.load(DATE, TEXT, b"2020-01-01", **{option: "always"})
        with pytest.raises(TypeError):
            _howdah.load(DATE, TEXT, b"2020-01-01", **{option: 3})


@pytest.mark.parametrize(
    ("dumper", "cls"),
    [
        (DateBinaryDumper, dt.date),
        (DatetimeDumper, dt.datetime),
        (DatetimeBinaryDumper, dt.datetime),
        (TimeDumper, dt.time),
        (TimeBinaryDumper, dt.time),
        (TimedeltaDumper, dt.timedelta),
        (TimedeltaBinaryDumper, dt.timedelta),
    ],
)
@pytest.mark.parametrize("value", [3, "x", None, object()], ids=repr)
def test_a_dumper_given_something_else(dumper: Any, cls: type, value: Any) -> None:
    with pytest.raises(TypeError):
        dumper(cls).dump(value)


@given(
    data=st.binary(max_size=20) | st.text("0123456789-+:. BCPTYMDHSinfty@agomsecdhur", max_size=40).map(str.encode),
    oid=st.sampled_from([DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ, INTERVAL]),
    format=st.sampled_from([TEXT, BINARY]),
    infinity=st.sampled_from(["clamp", "marker"]),
    interval=st.sampled_from(["timedelta", "exact"]),
    style=st.sampled_from(list(INTERVAL_STYLES)),
    name=st.sampled_from(ZONES),
)
def test_any_bytes_are_a_value_or_an_error(
    data: bytes, oid: int, format: int, infinity: str, interval: str, style: str, name: str
) -> None:
    options = {"infinity": infinity, "interval": interval, "interval_style": style, "timezone": name}
    value = outcome(_howdah.load, oid, format, data, out_of_range="text", **options)
    allowed = (dt.date, dt.time, dt.datetime, dt.timedelta, str, Interval, type(INFINITY))
    assert value in ("DataError", "NotImplementedError") or value[0] in allowed
