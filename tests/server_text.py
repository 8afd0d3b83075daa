"""Dates, times and intervals as the server writes them, also those that Python's datetime cannot hold."""

from __future__ import annotations

import datetime as dt

EPOCH = dt.date(2000, 1, 1)
CYCLE = 146097  # days in which the calendar repeats


def civil(day: int) -> tuple[int, str, str, str]:
    """Year (0: 1 BC), month, day and weekday of days since 2000-01-01."""
    cycles = (day + CYCLE) // CYCLE - 1
    date = EPOCH + dt.timedelta(day - cycles * CYCLE)
    return date.year + 400 * cycles, f"{date:%m}", f"{date:%d}", f"{date:%a}"


def clock(micros: int) -> str:
    seconds, fraction = divmod(micros, 10**6)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return text + f".{fraction:06}".rstrip("0") if fraction else text


def zone(east: int) -> str:
    hours, minutes, seconds = abs(east) // 3600, abs(east) // 60 % 60, abs(east) % 60
    text = f"{'-' if east < 0 else '+'}{hours:02}"
    if minutes or seconds:
        text += f":{minutes:02}"
    return text + (f":{seconds:02}" if seconds else "")


def written(day: int, style: str, micros: int | None = None, east: int | None = None) -> str:
    """A date, or a timestamp, as the server writes it."""
    year, month, mday, weekday = civil(day)
    shown_year = f"{year if year > 0 else 1 - year:04}"
    name, order = style.split(", ")
    if name == "ISO":
        text = f"{shown_year}-{month}-{mday}"
    elif name == "German":
        text = f"{mday}.{month}.{shown_year}"
    else:
        separator = "/" if name == "SQL" else "-"
        pair = (mday, month) if order == "DMY" else (month, mday)
        text = separator.join([*pair, shown_year])
    if micros is not None:
        if name == "Postgres":
            month_name = dt.date(2000, int(month), 1).strftime("%b")
            pair = (mday, month_name) if order == "DMY" else (month_name, mday)
            text = f"{weekday} {pair[0]} {pair[1]} {clock(micros)} {shown_year}"
        else:
            text += f" {clock(micros)}"
    if east is not None:
        text += zone(east)
    return text if year > 0 else text + " BC"


def postgres(months: int, days: int, micros: int) -> str:
    """As the server writes it under IntervalStyle postgres."""
    sign = -1 if months < 0 else 1
    years, months = sign * (abs(months) // 12), sign * (abs(months) % 12)
    parts = []
    negative = False
    for count, unit in ((years, "year"), (months, "mon"), (days, "day")):
        if count:
            parts.append(f"{'+' if negative and count > 0 else ''}{count} {unit}{'' if count == 1 else 's'}")
            negative = count < 0
    if micros or not parts:
        seconds, fraction = divmod(abs(micros), 10**6)
        clock = "-" if micros < 0 else "+" if negative else ""
        clock += f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        if fraction:
            clock += f".{fraction:06}".rstrip("0")
        parts.append(clock)
    return " ".join(parts)


def parts(months: int, days: int, micros: int) -> list[int]:
    """Years, months, days, hours, minutes and microseconds, each with its sign."""
    sign = -1 if micros < 0 else 1
    years = abs(months) // 12 * (-1 if months < 0 else 1)
    rest = abs(micros)
    return [
        years,
        months - 12 * years,
        days,
        sign * (rest // (3600 * 10**6)),
        sign * (rest // (60 * 10**6) % 60),
        sign * (rest % (60 * 10**6)),
    ]


def seconds(micros: int) -> str:
    whole, fraction = divmod(abs(micros), 10**6)
    return str(whole) + (f".{fraction:06}".rstrip("0") if fraction else "")


def verbose(months: int, days: int, micros: int) -> str:
    """As EncodeInterval() in interval.c and datetime.c has it, like the two below."""
    fields = parts(months, days, micros)
    first = next((n for n in fields if n), 0)
    text = "@"
    for n, unit in zip(fields, ["year", "mon", "day", "hour", "min", "sec"], strict=True):
        if n:
            shown = seconds(n) if unit == "sec" else str(abs(n))
            one = abs(n) == (10**6 if unit == "sec" else 1)
            minus = (n < 0) != (first < 0)
            text += f" {'-' if minus else ''}{shown} {unit}{'' if one and not minus else 's'}"
    return text + (" 0" if not first else " ago" if first < 0 else "")


def sql_standard(months: int, days: int, micros: int) -> str:
    fields = parts(months, days, micros)
    negative, positive = any(n < 0 for n in fields), any(n > 0 for n in fields)
    years, mons, mdays, hours, minutes, secs = (abs(n) for n in fields)
    shown = seconds(secs) if secs >= 10**7 else "0" + seconds(secs)
    time = f"{hours}:{minutes:02}:{shown}"
    if not negative and not positive:
        return "0"
    if (negative and positive) or (months and (days or micros)):
        signs = ["-" if n < 0 else "+" for n in (months, days, micros)]
        return f"{signs[0]}{years}-{mons} {signs[1]}{mdays} {signs[2]}{time}"
    minus = "-" if negative else ""
    return minus + (f"{years}-{mons}" if months else f"{mdays} {time}" if days else time)


def iso_8601(months: int, days: int, micros: int) -> str:
    fields = parts(months, days, micros)
    text = "P"
    for at, (n, letter) in enumerate(zip(fields, "YMDHMS", strict=True)):
        if at == 3 and micros:
            text += "T"
        if n:
            text += ("-" if n < 0 else "") + (seconds(n) if letter == "S" else str(abs(n))) + letter
    return text if text != "P" else "PT0S"


INTERVAL_STYLES = {
    "postgres": postgres,
    "postgres_verbose": verbose,
    "sql_standard": sql_standard,
    "iso_8601": iso_8601,
}
