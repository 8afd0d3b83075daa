"""The exception classes and their texts, against psycopg's."""

import pickle

import pytest

from howdah import errors

oracle = pytest.importorskip("psycopg.errors")

FIELDS = {
    "severity": "S",
    "severity_nonlocalized": "V",
    "sqlstate": "C",
    "message_primary": "M",
    "message_detail": "D",
    "message_hint": "H",
    "statement_position": "P",
    "internal_position": "p",
    "internal_query": "q",
    "context": "W",
    "schema_name": "s",
    "table_name": "t",
    "column_name": "c",
    "datatype_name": "d",
    "constraint_name": "n",
    "source_file": "F",
    "source_line": "L",
    "source_function": "R",
}


def classes(module):
    return {
        n: c for n, c in vars(module).items() if isinstance(c, type) and issubclass(c, (module.Error, module.Warning))
    }


def shape(cls):
    return cls.__name__, cls.__module__.replace("psycopg", "howdah"), getattr(cls, "sqlstate", None)


def test_the_classes_are_psycopgs():
    ours, theirs = classes(errors), classes(oracle)
    assert ours.pop("QueryTimeout").__mro__[1] is errors.QueryCanceled  # psycopg has no timeouts
    theirs = {name: cls for name, cls in theirs.items() if not name.startswith("_")}
    assert {n: [shape(c) for c in cls.__mro__ if c.__module__ != "builtins"] for n, cls in ours.items()} == {
        n: [shape(c) for c in cls.__mro__ if c.__module__ != "builtins"] for n, cls in theirs.items()
    }


def test_lookup():
    for key, cls in oracle._sqlcodes.items():
        assert errors.lookup(key).__name__ == cls.__name__
        assert errors.lookup(key.lower()) is errors.lookup(key)
    with pytest.raises(KeyError):
        errors.lookup("ZZ999")


@pytest.mark.parametrize("first", "0123456789ABFHPXYZ")
def test_unknown_code_falls_back_on_its_class(first):
    for second in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        code = f"{first}{second}ZZZ"
        error = errors.from_server({"C": code.encode(), "M": b"x"})
        assert type(error).__name__ == oracle.get_base_exception(code).__name__
        assert error.sqlstate == error.diag.sqlstate == code


@pytest.mark.parametrize("fields", [{}, {"M": b"no code"}, {"C": b""}, {"C": b"\xff\xfe"}, {"C": b"42"}, {"P": b"x"}])
def test_incomplete_reports(fields):
    error = errors.from_server(fields)
    assert isinstance(error, errors.DatabaseError)
    assert str(error)


def test_diagnostic_has_every_field():
    assert set(FIELDS) == {n for n in vars(oracle.Diagnostic) if not n.startswith("_")}
    error = errors.from_server({letter: name.encode() for name, letter in FIELDS.items()} | {"?": b"unknown"})
    for name in FIELDS:
        assert getattr(error.diag, name) == name
        assert getattr(errors.Error("mine").diag, name) is None


def test_encoding():
    error = errors.from_server({"M": "é".encode("latin1"), "C": b"22000"}, "latin1")
    assert (str(error), error.diag.message_primary) == ("é", "é")
    assert errors.from_server({"M": b"a\xffb"}).diag.message_primary == "a\ufffdb"


def test_pickle():
    error = errors.from_server({"C": b"23505", "M": "d\xe9j\xe0".encode("latin1"), "n": b"pk"}, "latin1")
    error.add = "noted"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.UniqueViolation
    assert (str(again), again.sqlstate, again.diag.constraint_name, again.add) == ("déjà", "23505", "pk", "noted")

    error = errors.OperationalError("down", pgconn=object())
    assert error.pgconn is not None
    again = pickle.loads(pickle.dumps(error))
    assert (again.args, again.pgconn, again.pgresult) == (("down",), None, None)


def test_every_class_pickles():
    for cls in classes(errors).values():
        again = pickle.loads(pickle.dumps(cls("x", 1)))
        assert (type(again), again.args) == (cls, ("x", 1))


def test_a_class_for_a_code_of_ones_own():
    class OutOfStock(errors.DatabaseError, code="XQ001", name="OUT_OF_STOCK"):
        pass

    try:
        assert type(errors.from_server({"C": b"XQ001", "M": b"none left"})) is OutOfStock
        assert errors.lookup("out_of_stock") is OutOfStock
    finally:
        del errors._classes["XQ001"], errors._classes["OUT_OF_STOCK"]


def text(fields, query=None):
    return str(errors.from_server({k: v.encode() for k, v in fields.items()}, query=query))


def test_text():
    assert text({"S": "ERROR", "C": "22000", "M": "msg"}) == "msg"
    assert (
        text({"M": "msg", "D": "d", "H": "h", "W": "w", "q": "q"})
        == "msg\nDETAIL:  d\nHINT:  h\nQUERY:  q\nCONTEXT:  w"
    )
    assert text({"M": "msg", "P": "8"}) == "msg at character 8"
    assert text({"M": "msg", "P": "8"}, "select x") == "msg\nLINE 1: select x\n               ^"
    assert text({"M": "msg", "p": "3", "q": "a b"}) == "msg\nLINE 1: a b\n          ^\nQUERY:  a b"
    assert text({"M": "msg", "P": "99999999999999999999"}, "select x") == "msg"
    assert text({"M": "msg", "P": "-1"}, "select x") == "msg"


def test_text_line_window():
    query = "select\r\n\t'é漢字'," + "a" * 100 + ", nope, " + "b" * 100 + "\nfrom x"
    assert text({"M": "m", "P": str(query.index("nope") + 1)}, query) == (
        "m\nLINE 2: ..." + "a" * 48 + ", nope, bbbb..." + "\n" + " " * 61 + "^"
    )
