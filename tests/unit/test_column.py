"""Column alone: what a type modifier says. What servers report is tested live."""

from __future__ import annotations

import copy
import pickle

import pytest

import howdah
from howdah import Column


@pytest.mark.parametrize(
    ("oid", "typmod", "display", "precision", "scale", "shown"),
    [
        (1043, 14, 10, None, None, "varchar(10)"),
        (1043, -1, None, None, None, "varchar"),
        (1042, 5, 1, None, None, "bpchar(1)"),
        (1560, 1, 1, None, None, "bit(1)"),
        (1562, 7, 7, None, None, "varbit(7)"),
        (1700, ((10 << 16) | 2) + 4, None, 10, 2, "numeric(10,2)"),
        (1700, ((2 << 16) | 0x7FD) + 4, None, 2, -3, "numeric(2,-3)"),
        (1700, -1, None, None, None, "numeric"),
        (1083, 0, None, 0, None, "time(0)"),
        (1184, 3, None, 3, None, "timestamptz(3)"),
        (1186, 0x7FFF << 16 | 2, None, 2, None, "interval(2)"),
        (1186, 0x0400 << 16 | 0xFFFF, None, None, None, "interval"),
        (1015, 11, 7, None, None, "varchar(7)[]"),
        (1231, ((5 << 16) | 1) + 4, None, 5, 1, "numeric(5,1)[]"),
        (1115, 6, None, 6, None, "timestamp(6)[]"),
        (23, -1, None, None, None, "int4"),
        (18, -1, None, None, None, '"char"'),
        (1002, -1, None, None, None, '"char"[]'),
        (123456789, -1, None, None, None, "123456789"),
    ],
)
def test_modifiers(oid, typmod, display, precision, scale, shown):
    column = Column("x", oid, typmod, 4, 0, 0)
    assert (column.display_size, column.precision, column.scale) == (display, precision, scale)
    assert column.type_display == shown
    assert repr(column) == f"<Column 'x', type: {shown} (oid: {oid})>"


def test_sequence():
    column = Column("x", 1700, ((10 << 16) | 2) + 4, -1, 16384, 3)
    assert list(column) == ["x", 1700, None, None, 10, 2, None]
    assert column[0] == "x"
    assert column[-1] is None
    assert column[4:6] == (10, 2)
    assert len(column) == 7
    assert 1700 in column
    assert column.index(10) == 4
    with pytest.raises(IndexError):
        column[7]
    name, type_code, *_ = column
    assert (name, type_code) == ("x", 1700)


def test_read_only():
    column = Column("x", 23)
    for name in ("name", "type_code", "precision", "anything"):
        with pytest.raises(AttributeError):
            setattr(column, name, 1)


@pytest.mark.parametrize(("table", "number"), [(16384, 3), (0, 0)])
def test_table(table, number):
    column = Column("x", 23, -1, 4, table, number)
    assert (column.table_oid, column.table_column) == (table or None, number or None)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_copies_are_equal(duplicate):
    column = Column("x", 1043, 14, -1, 16384, 3)
    again = duplicate(column)
    assert again == column
    assert hash(again) == hash(column)
    assert (again.table_oid, again.type_display) == (16384, "varchar(10)")


def test_equality():
    assert Column("x", 23) != Column("y", 23)
    assert Column("x", 23) != Column("x", 20)
    assert Column("x", 23) != ("x", 23, None, None, None, None, None)


def test_type_codes_compare_with_the_types_of_the_dbapi():
    assert Column("x", 25).type_code == howdah.STRING
    assert Column("x", 1700).type_code == howdah.NUMBER
    assert Column("x", 25).type_code != howdah.NUMBER
