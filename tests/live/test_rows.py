"""Row factories: what becomes of a row."""

from __future__ import annotations

import abc
import contextlib
import functools
import gc
import pickle
import sys
import weakref
from dataclasses import InitVar, dataclass, field
from types import SimpleNamespace
from typing import NamedTuple

import pytest


@dataclass
class Point:
    x: int
    y: int = 0


QUERY = "select n as x, n * 10 as y from generate_series(1, 3) n"


def test_tuple_row(pg, conn):
    assert conn.cursor(row_factory=pg.rows.tuple_row).execute(QUERY).fetchall() == [(1, 10), (2, 20), (3, 30)]


def test_dict_row(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.dict_row).execute(QUERY)
    assert cur.fetchone() == {"x": 1, "y": 10}
    assert cur.fetchmany(1) == [{"x": 2, "y": 20}]
    assert list(cur) == [{"x": 3, "y": 30}]


def test_dict_row_with_the_same_name_twice(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.dict_row).execute("select 1 as x, 2 as y, 3 as x")
    assert cur.fetchone() == {"x": 3, "y": 2}


def test_dict_row_keeps_the_order(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.dict_row).execute("select 1 as z, 2 as a, 3 as m")
    assert list(cur.fetchone()) == ["z", "a", "m"]


def test_namedtuple_row(pg, conn):
    row = conn.cursor(row_factory=pg.rows.namedtuple_row).execute(QUERY).fetchone()
    assert (row.x, row.y) == (1, 10)
    assert row == (1, 10)
    assert row._fields == ("x", "y")


def test_namedtuple_row_with_names_that_are_no_identifiers(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.namedtuple_row)
    row = cur.execute("""select 1, 2 as "1st", 3 as "a b", 4 as "_x" """).fetchone()
    assert tuple(row) == (1, 2, 3, 4)
    assert len(set(row._fields)) == 4


def test_namedtuple_row_with_a_keyword(pg, conn):
    with pytest.raises(pg.DataError):
        conn.cursor(row_factory=pg.rows.namedtuple_row).execute('select 1 as "class"').fetchone()
    assert conn.execute("select 1").fetchone() == (1,)


def test_namedtuple_row_shares_its_class(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.namedtuple_row)
    assert type(cur.execute(QUERY).fetchone()) is type(cur.execute(QUERY).fetchone())


def test_scalar_row(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.scalar_row).execute(QUERY)
    assert cur.fetchall() == [1, 2, 3]
    assert cur.fetchone() is None


def test_scalar_row_without_columns(pg, conn):
    with pytest.raises(pg.ProgrammingError):
        conn.cursor(row_factory=pg.rows.scalar_row).execute("select").fetchone()


def test_class_row(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.class_row(Point)).execute(QUERY)
    assert cur.fetchall() == [Point(1, 10), Point(2, 20), Point(3, 30)]


def test_class_row_with_a_column_too_many(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.class_row(Point)).execute("select 1 as x, 2 as nope")
    with pytest.raises(TypeError):
        cur.fetchone()
    assert conn.execute("select 1").fetchone() == (1,)


def test_class_row_uses_defaults(pg, conn):
    assert conn.cursor(row_factory=pg.rows.class_row(Point)).execute("select 5 as x").fetchone() == Point(5, 0)


class Base:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None


class Swapped(Base):
    def __init__(self, y, x):
        self.x = x
        self.y = y


class Doubled(Base):
    def __init__(self, x, y):
        super().__init__(x * 2, y)


class Rest(Base):
    def __init__(self, x, **rest):
        self.__dict__.update(rest, x=x)


class ByNameOnly(Base):
    def __init__(self, *, y, x):
        self.x = x
        self.y = y


class Positional(Base):
    def __init__(self, x, /, y):
        super().__init__(x, y)


class WithNew(Base):
    def __new__(cls, x, y):
        instance = super().__new__(cls)
        instance.made = y
        return instance


class Setter(Base):
    def __setattr__(self, name, value):
        super().__setattr__(name, -value)


class Property(Base):
    @property
    def x(self):
        return self.hidden

    @x.setter
    def x(self, value):
        self.hidden = value


class ReadOnly(Base):
    x = property(lambda self: 0)


class Called(type):
    def __call__(cls, **values):
        return sorted(values.items())


class OfCalled(Base, metaclass=Called):
    pass


class Abstract(Base, abc.ABC):
    @abc.abstractmethod
    def missing(self): ...


class Concrete(Abstract):
    def missing(self): ...


class Returning(Base):
    def __init__(self, x, y):
        return x


class Failing(Base):
    def __init__(self, x, y):
        raise KeyError(x)


class Counting:
    """Its __init__ is no function."""

    __init__ = functools.partialmethod(lambda self, n, *, x, y: self.__dict__.update(sum=x + y + n), 1)


class OneSlot:
    __slots__ = ("x", "z")

    def __init__(self, x, y):
        self.x = x
        self.y = y


OneSlot.y = OneSlot.__dict__["x"]


class Tuple(NamedTuple):
    x: int
    y: int


class Self:
    def __init__(self, x, y, self_=0):
        self.values = x, y, self_


@dataclass
class Derived(Point):
    z: int = 9


@dataclass
class After(Point):
    def __post_init__(self):
        self.y += 1


@dataclass
class Fresh(Point):
    z: list = field(default_factory=list)


@dataclass
class NotAll:
    x: int
    y: InitVar[int]
    z: int = field(init=False, default=4)


@dataclass(slots=True)
class Slots:
    x: int
    y: int


@dataclass(frozen=True)
class Frozen:
    y: int
    x: int


@dataclass(frozen=True, slots=True)
class FrozenSlots:
    y: int
    x: int


@dataclass(kw_only=True)
class Keywords:
    x: int
    y: int


class FrozenException(Exception):
    __init__ = Frozen.__init__


CLASSES = [
    Point, Base, Swapped, Doubled, Rest, ByNameOnly, Positional, WithNew, Setter, Property, ReadOnly, OfCalled,
    Abstract, Concrete, Returning, Failing, Counting, OneSlot, Tuple, Self, Derived, After, Fresh, NotAll, Slots,
    Frozen, FrozenSlots, Keywords, FrozenException, dict, int, Exception, SimpleNamespace,
]  # fmt: skip


def outcome(make):
    """What comes of it: the type, the attributes in their order; or the error."""
    try:
        row = make()
    except Exception as error:
        return type(error), str(error)
    names = {"x", "y", *getattr(row, "__slots__", ())}
    slots = [(name, getattr(row, name)) for name in sorted(names) if hasattr(row, name)]
    return type(row), list(getattr(row, "__dict__", {}).items()), slots, repr(row).partition(" at ")[0]


@pytest.mark.parametrize(
    "columns", ["1 as x, 2 as y", "2 as y, 1 as x", "1 as x", "1 as x, 2 as y, 3 as z", "1 as self"]
)
@pytest.mark.parametrize("cls", CLASSES)
def test_class_row_is_a_call(pg, conn, cls, columns):
    values = conn.cursor(row_factory=pg.rows.dict_row).execute(f"select {columns}").fetchone()
    cur = conn.cursor(row_factory=pg.rows.class_row(cls))
    for _ in range(2):
        assert outcome(cur.execute(f"select {columns}").fetchone) == outcome(lambda: cls(**values))


def test_class_row_of_a_class_that_changes(pg, conn):
    @dataclass
    class Changing:
        x: int
        y: int

    def init(self, x, y):
        self.sum = x + y

    cur = conn.cursor(row_factory=pg.rows.class_row(Changing)).execute(QUERY)
    assert cur.fetchone() == Changing(1, 10)
    Changing.__init__ = init
    assert cur.fetchone().sum == 22
    init.__code__ = (lambda self, y, x: setattr(self, "both", [x, y])).__code__
    assert cur.fetchone().both == [3, 30]


def test_class_row_whose_class_executes_something_else(pg, conn):
    class Nosy:
        def __init__(self, x, y):
            self.x = x
            self.y = y
            cur.row_factory = pg.rows.scalar_row
            cur.execute("select")

    cur = conn.cursor(row_factory=pg.rows.class_row(Nosy)).execute(QUERY)
    with pytest.raises(pg.ProgrammingError):  # from within: a scalar of no column
        cur.fetchall()
    assert conn.execute("select 4").fetchone() == (4,)


def test_class_row_frees_what_it_made(pg, conn):
    class Failing(Slots):
        __slots__ = ("__weakref__",)
        __init__ = Slots.__init__

    row = conn.cursor(row_factory=pg.rows.class_row(Failing)).execute("select 'a' || now() as x, 'b' as y").fetchone()
    text, gone = row.x, weakref.ref(row)
    before = sys.getrefcount(text)
    del row
    assert gone() is None
    assert sys.getrefcount(text) == before - 1


@pytest.mark.howdah_only
@pytest.mark.parametrize("factory", ["namedtuple", Point, Slots, Frozen])
def test_the_collector_does_not_come_while_instances_are_made(pg, conn, factory):
    """It would find all of them alive. CPython from 3.12 on doesn't come either, until its bytecode runs on."""
    maker = pg.rows.namedtuple_row if factory == "namedtuple" else pg.rows.class_row(factory)
    cur = conn.cursor(row_factory=maker).execute("select n as x, n as y from generate_series(1, 10000) n")
    runs, wanted = [], gc.isenabled()
    gc.collect()
    gc.enable()
    gc.callbacks.append(lambda phase, info: runs.append(phase))
    try:
        rows = cur.fetchall()
        assert gc.isenabled()
        cur.scroll(0, "absolute")
        gc.disable()
        assert cur.fetchall() == rows
        assert not gc.isenabled()
    finally:
        gc.callbacks.pop()
        gc.enable() if wanted else gc.disable()
    assert len(runs) < 4  # of 10,000 / 700, each told of when it begins and when it ends


def test_args_row(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.args_row(lambda x, y: f"{x}/{y}")).execute(QUERY)
    assert cur.fetchall() == ["1/10", "2/20", "3/30"]


def test_kwargs_row(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.kwargs_row(lambda **kw: sorted(kw.items()))).execute(QUERY)
    assert cur.fetchone() == [("x", 1), ("y", 10)]


def test_own_factory(conn):
    def reversed_row(cursor):
        names = [c.name for c in cursor.description] if cursor.description else []
        return lambda values: (*names, *reversed(values))

    assert conn.cursor(row_factory=reversed_row).execute(QUERY).fetchone() == ("x", "y", 10, 1)


def test_factory_that_fails(conn):
    def bad(cursor):
        def make(values):
            raise KeyError(values[0])

        return make

    cur = conn.cursor(row_factory=bad).execute(QUERY)
    with pytest.raises(KeyError):
        cur.fetchone()
    assert conn.execute("select 4").fetchone() == (4,)


def test_factory_of_the_connection(pg, dsn):
    with pg.connect(dsn, row_factory=pg.rows.dict_row) as conn:
        assert conn.execute("select 1 as x").fetchone() == {"x": 1}
        conn.row_factory = pg.rows.scalar_row
        assert conn.execute("select 1 as x").fetchone() == 1
        assert conn.cursor(row_factory=pg.rows.tuple_row).execute("select 1").fetchone() == (1,)


def test_factory_changed_after_execute(pg, conn):
    cur = conn.execute(QUERY)
    assert cur.fetchone() == (1, 10)
    cur.row_factory = pg.rows.dict_row
    assert cur.fetchone() == {"x": 2, "y": 20}
    cur.row_factory = pg.rows.namedtuple_row
    assert cur.fetchone().y == 30


@pytest.mark.howdah_only
def test_factory_that_changes_the_factory(pg, conn, module):
    """What it returns is not taken for what the other one makes rows of."""
    rows = module("rows")

    def change(cursor):
        cursor.row_factory = rows.namedtuple_row
        return list

    cur = conn.cursor(row_factory=change)
    first, second = cur.execute("select 1 as a, 2 as b from generate_series(1, 2)").fetchall()
    assert (first.a, first.b) == second == (1, 2)


@pytest.mark.howdah_only
def test_factory_that_executes(pg, conn, module):
    def execute(cursor):
        cursor.row_factory = module("rows").tuple_row
        cursor.execute("select 1, 2, 3")
        return list

    assert conn.cursor(row_factory=execute).execute("select 4").fetchall() == [(1, 2, 3)]


@pytest.mark.howdah_only
def test_factory_that_closes(pg, conn):
    cur = conn.cursor(row_factory=lambda cursor: cursor.close() or list)
    cur.execute("select 1")
    with pytest.raises(pg.InterfaceError, match="the cursor is closed"):
        cur.fetchone()


def test_factory_follows_nextset(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.dict_row).execute("select 1 as one; select 2 as two")
    assert cur.fetchone() == {"one": 1}
    cur.nextset()
    assert cur.fetchone() == {"two": 2}


def test_factories_with_commands(pg, conn):
    for factory in (pg.rows.dict_row, pg.rows.namedtuple_row, pg.rows.scalar_row, pg.rows.class_row(Point)):
        cur = conn.cursor(row_factory=factory)
        cur.execute("create temp table if not exists t (x int)")
        with pytest.raises(pg.ProgrammingError):
            cur.fetchone()


def test_dict_row_with_many_rows(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.dict_row).execute("select n, n::text as t from generate_series(1, 5000) n")
    assert cur.fetchall() == [{"n": n, "t": str(n)} for n in range(1, 5001)]


def test_dict_row_with_null(pg, conn):
    assert conn.cursor(row_factory=pg.rows.dict_row).execute("select null as x").fetchone() == {"x": None}


def test_namedtuple_pickles_its_values(pg, conn):
    row = conn.cursor(row_factory=pg.rows.namedtuple_row).execute("select 1 as x").fetchone()
    assert pickle.loads(pickle.dumps(tuple(row))) == (1,)


async def test_async_factories(pg, aconn):
    rows = pg.rows
    for factory, expected in [
        (rows.tuple_row, (1, 10)),
        (rows.dict_row, {"x": 1, "y": 10}),
        (rows.namedtuple_row, (1, 10)),
        (rows.scalar_row, 1),
        (rows.class_row(Point), Point(1, 10)),
        (rows.args_row(Point), Point(1, 10)),
        (rows.kwargs_row(Point), Point(1, 10)),
    ]:
        cur = aconn.cursor(row_factory=factory)
        await cur.execute(QUERY)
        assert await cur.fetchone() == expected


async def test_async_factory_of_the_connection(pg, aconn):
    aconn.row_factory = pg.rows.scalar_row
    cur = await aconn.execute("select 7")
    assert [value async for value in cur] == [7]


class TestWhenAFactoryIsCalled:
    """When a result becomes the current one: what it raises, execute() and nextset() raise."""

    def test_execute(self, pg, conn):
        def broken(cursor):
            raise ZeroDivisionError

        cur = conn.cursor(row_factory=broken)
        with pytest.raises(ZeroDivisionError):
            cur.execute("select 1")
        cur.row_factory = pg.rows.tuple_row
        assert cur.execute("select 2").fetchone() == (2,)
        with pytest.raises(ZeroDivisionError):
            cur.row_factory = broken

    def test_scalar_of_no_column(self, pg, conn):
        with pytest.raises(pg.ProgrammingError, match="at least one column"):
            conn.cursor(row_factory=pg.rows.scalar_row).execute("select")

    def test_nextset(self, pg, conn):
        made = []

        def factory(cursor):
            made.append([column.name for column in cursor.description])
            return tuple

        cur = conn.cursor(row_factory=factory).execute("select 1 as a; select 2 as b")
        assert made == [["a"]]
        cur.nextset()
        assert made == [["a"], ["b"]]
        assert cur.fetchall() == [(2,)]
        assert made == [["a"], ["b"]]

    async def test_async(self, aconn):
        def broken(cursor):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await aconn.cursor(row_factory=broken).execute("select 1")


class TestCalls:
    """args_row(), kwargs_row() and class_row(), whose calls C makes."""

    def test_args(self, pg, conn):
        cur = conn.cursor(row_factory=pg.rows.args_row(lambda *args: args)).execute("select 1, null, 'x'")
        assert cur.fetchone() == (1, None, "x")
        cur.execute("select g, -g from generate_series(1, 3) g")
        assert cur.fetchall() == [(1, -1), (2, -2), (3, -3)]

    def test_kwargs(self, pg, conn):
        cur = conn.cursor(row_factory=pg.rows.kwargs_row(dict)).execute("select 1 as a, 'x' as \"B b\"")
        assert cur.fetchone() == {"a": 1, "B b": "x"}

    def test_the_same_name_twice(self, pg, conn):
        cur = conn.cursor(row_factory=pg.rows.kwargs_row(dict)).execute("select 1 as a, 2 as a")
        assert cur.fetchone() == {"a": 2}

    @pytest.mark.parametrize("n", [0, 1, 32, 33, 500])
    def test_any_number_of_columns(self, pg, conn, n):
        query = "select " + ", ".join(f"{i} as c{i}" for i in range(n))
        args = conn.cursor(row_factory=pg.rows.args_row(lambda *args: args))
        kwargs = conn.cursor(row_factory=pg.rows.kwargs_row(dict))
        assert args.execute(query).fetchone() == tuple(range(n))
        assert kwargs.execute(query).fetchone() == {f"c{i}": i for i in range(n)}

    def test_what_they_raise(self, pg, conn):
        cur = conn.cursor(row_factory=pg.rows.class_row(Point)).execute("select 1 as x, 2 as nonsense")
        with pytest.raises(TypeError, match="nonsense"):
            cur.fetchone()
        cur = conn.cursor(row_factory=pg.rows.args_row(len)).execute("select 1, 2")
        with pytest.raises(TypeError):
            cur.fetchall()
        assert conn.execute("select 1").fetchone() == (1,)

    def test_value_that_cannot_be_decoded(self, pg, conn):
        cur = conn.cursor(row_factory=pg.rows.args_row(lambda *args: args)).execute("select 1, 'infinity'::date, 2")
        with pytest.raises(pg.DataError):
            cur.fetchone()

    def test_that_execute_something_else(self, pg, conn):
        def make(n):
            cur.execute("select 'else'")
            return n

        cur = conn.cursor(row_factory=pg.rows.args_row(make)).execute("select g from generate_series(1, 3) g")
        with contextlib.suppress(pg.Error, TypeError):
            cur.fetchall()
        assert conn.execute("select 1").fetchone() == (1,)

    @pytest.mark.howdah_only
    def test_called_as_factories(self, pg, conn):
        cur = conn.cursor().execute("select 1 as a")
        assert pg.rows.args_row(str)(cur)((5,)) == "5"
        assert pg.rows.kwargs_row(dict)(cur)((5,)) == {"a": 5}
