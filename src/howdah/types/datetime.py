"""Adapters of the classes of the module datetime."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from .. import _howdah
from .._enums import PyFormat
from ..abc import AdaptContext
from ..adapt import CoreDumper, CoreLoader, Dumper
from ..pq import Format
from ._infinity import INFINITY as INFINITY
from ._infinity import NEGATIVE_INFINITY as NEGATIVE_INFINITY
from ._infinity import Infinity as Infinity
from ._interval import Interval as Interval

DATE_OID, TIME_OID, TIMETZ_OID, TIMESTAMP_OID, TIMESTAMPTZ_OID, INTERVAL_OID = 1082, 1083, 1266, 1114, 1184, 1186


class DateDumper(CoreDumper):
    oid = DATE_OID
    _core = _howdah.dumper_core("date_text")


class DateBinaryDumper(CoreDumper):
    format = Format.BINARY
    oid = DATE_OID
    _core = _howdah.dumper_core("date_binary")


class TimeDumper(CoreDumper):
    """A time; with an offset from UTC it is sent as timetz."""

    oid = TIME_OID
    _core = _howdah.dumper_core("time_text")

    def get_key(self, obj: Any, format: PyFormat) -> Any:
        return self.cls if obj.tzinfo is None else (self.cls,)

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        return self if obj.tzinfo is None else TimeTzDumper(self.cls, self._tx)


class TimeTzDumper(TimeDumper):
    oid = TIMETZ_OID
    _core = _howdah.dumper_core("time_text")


class TimeBinaryDumper(TimeDumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("time_binary")
    _typed_core = _howdah.dumper_core("time_binary", TIME_OID)

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        return self if obj.tzinfo is None else TimeTzBinaryDumper(self.cls, self._tx)


class TimeTzBinaryDumper(TimeBinaryDumper):
    oid = TIMETZ_OID
    _core = _howdah.dumper_core("time_binary")
    _typed_core = _howdah.dumper_core("time_binary", TIMETZ_OID)


class DatetimeDumper(CoreDumper):
    """A datetime; without an offset from UTC it is sent as timestamp."""

    oid = TIMESTAMPTZ_OID
    _core = _howdah.dumper_core("datetime_text")

    def get_key(self, obj: Any, format: PyFormat) -> Any:
        return (self.cls,) if obj.tzinfo is None else self.cls

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        return DatetimeNoTzDumper(self.cls, self._tx) if obj.tzinfo is None else self


class DatetimeNoTzDumper(DatetimeDumper):
    oid = TIMESTAMP_OID
    _core = _howdah.dumper_core("datetime_text")


class DatetimeBinaryDumper(DatetimeDumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("datetime_binary")
    _typed_core = _howdah.dumper_core("datetime_binary", TIMESTAMPTZ_OID)

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        return DatetimeNoTzBinaryDumper(self.cls, self._tx) if obj.tzinfo is None else self


class DatetimeNoTzBinaryDumper(DatetimeBinaryDumper):
    oid = TIMESTAMP_OID
    _core = _howdah.dumper_core("datetime_binary")
    _typed_core = _howdah.dumper_core("datetime_binary", TIMESTAMP_OID)


class TimedeltaDumper(CoreDumper):
    oid = INTERVAL_OID
    _core = _howdah.dumper_core("timedelta_text")


class TimedeltaBinaryDumper(CoreDumper):
    format = Format.BINARY
    oid = INTERVAL_OID
    _core = _howdah.dumper_core("timedelta_binary")


class IntervalDumper(CoreDumper):
    """An Interval."""

    oid = INTERVAL_OID
    _core = _howdah.dumper_core("timedelta_text")


class IntervalBinaryDumper(CoreDumper):
    format = Format.BINARY
    oid = INTERVAL_OID
    _core = _howdah.dumper_core("timedelta_binary")


class InfinityDumper(CoreDumper):
    """INFINITY or NEGATIVE_INFINITY, as a value whose type the server infers from its place."""

    _core = _howdah.dumper_core("infinity_text")


class DateLoader(CoreLoader):
    _core = _howdah.loader_core("date_text")


class DateBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("date_binary")


class TimeLoader(CoreLoader):
    _core = _howdah.loader_core("time_text")


class TimeBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("time_binary")


class TimetzLoader(CoreLoader):
    _core = _howdah.loader_core("timetz_text")


class TimetzBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("timetz_binary")


class TimestampLoader(CoreLoader):
    _core = _howdah.loader_core("timestamp_text")


class TimestampBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("timestamp_binary")


class TimestamptzLoader(CoreLoader):
    _core = _howdah.loader_core("timestamptz_text")


class TimestamptzBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("timestamptz_binary")


class IntervalLoader(CoreLoader):
    _core = _howdah.loader_core("interval_text")


class IntervalBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("interval_binary")


def register_default_adapters(context: AdaptContext) -> None:
    adapters = context.adapters
    adapters.register_dumper(date, DateDumper)
    adapters.register_dumper(date, DateBinaryDumper)
    for by_oid in (TimeTzDumper, TimeTzBinaryDumper, DatetimeNoTzDumper, DatetimeNoTzBinaryDumper):
        adapters.register_dumper(None, by_oid)
    adapters.register_dumper(time, TimeDumper)
    adapters.register_dumper(time, TimeBinaryDumper)
    adapters.register_dumper(datetime, DatetimeDumper)
    adapters.register_dumper(datetime, DatetimeBinaryDumper)
    adapters.register_dumper(Infinity, InfinityDumper)
    adapters.register_dumper(Interval, IntervalDumper)
    adapters.register_dumper(Interval, IntervalBinaryDumper)
    # behind Interval's, so that it is the one found by the type's oid
    adapters.register_dumper(timedelta, TimedeltaDumper)
    adapters.register_dumper(timedelta, TimedeltaBinaryDumper)
    adapters.register_loader("date", DateLoader)
    adapters.register_loader("date", DateBinaryLoader)
    adapters.register_loader("time", TimeLoader)
    adapters.register_loader("time", TimeBinaryLoader)
    adapters.register_loader("timetz", TimetzLoader)
    adapters.register_loader("timetz", TimetzBinaryLoader)
    adapters.register_loader("timestamp", TimestampLoader)
    adapters.register_loader("timestamp", TimestampBinaryLoader)
    adapters.register_loader("timestamptz", TimestamptzLoader)
    adapters.register_loader("timestamptz", TimestamptzBinaryLoader)
    adapters.register_loader("interval", IntervalLoader)
    adapters.register_loader("interval", IntervalBinaryLoader)


_howdah.register_edges(INFINITY, NEGATIVE_INFINITY, Interval)
