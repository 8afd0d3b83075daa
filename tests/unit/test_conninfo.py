"""Connection strings against libpq's own parser, as psycopg shows it."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conninfo_probes import PAIRS, URIS
from howdah import errors
from howdah._connect.options import OPTIONS
from howdah.conninfo import conninfo_to_dict, make_conninfo

psycopg = pytest.importorskip("psycopg")
oracle = pytest.importorskip("psycopg.conninfo")
pq = pytest.importorskip("psycopg.pq")

if pq.version() < 180000:
    pytest.skip("psycopg is linked to a libpq older than 18", allow_module_level=True)


def outcome(parse, text):
    """The dict, or None when the string is refused."""
    try:
        return parse(text)
    except (errors.ProgrammingError, psycopg.ProgrammingError):
        return None


def check(text):
    assert outcome(conninfo_to_dict, text) == outcome(oracle.conninfo_to_dict, text)
    assert outcome(make_conninfo, text) == outcome(oracle.make_conninfo, text)


@pytest.mark.parametrize("text", URIS + PAIRS)
def test_same_as_libpq(text):
    check(text)
    check(" " + text)


pieces = st.lists(
    st.one_of(
        st.sampled_from([*"=' \\\t\n@:/?&%[],#+", "host", "port", "user", "=a ", "ssl=true", "%41", "%c3%a9"]),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3),
    ),
    max_size=12,
).map("".join)


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(["", "postgresql://", "postgres://h/?", "host=", "postgresql://u:p@h1:1,"]), pieces)
@example("host=", "\\")
@example("", "\v\fhost=a")
def test_differential(prefix, rest):
    try:
        outcome(oracle.conninfo_to_dict, prefix + rest)
    except UnicodeDecodeError:  # %80 is no error of libpq's
        assert outcome(conninfo_to_dict, prefix + rest) is None
    else:
        check(prefix + rest)


values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(OPTIONS)), values, max_size=5))
def test_make_conninfo_round_trip(params):
    text = make_conninfo(**params)
    assert text == oracle.make_conninfo(**params)
    assert conninfo_to_dict(text) == params


@pytest.mark.parametrize(
    ("conninfo", "kwargs"),
    [
        ("", {}),
        ("dbname=foo", {"user": "bar"}),
        ("dbname=foo user=baz", {"user": "bar", "port": 15}),
        ("dbname=foo", {"user": None}),
        ("postgresql://foo/bar", {"user": "u"}),
        ("", {"host": None}),
        ("", {"password": "it's \\"}),
        ("", {"nope": 1}),
        ("host=x", {"nope": 1}),
        ("nope=1", {"host": "x"}),
    ],
)
def test_merge(conninfo, kwargs):
    def merge(function):
        return outcome(lambda text: function(text, **kwargs), conninfo)

    assert merge(make_conninfo) == merge(oracle.make_conninfo)
    assert merge(conninfo_to_dict) == merge(oracle.conninfo_to_dict)


def test_options_are_libpqs():
    theirs = {
        o.keyword.decode(): (o.envvar and o.envvar.decode(), o.dispchar == b"*") for o in pq.Conninfo.get_defaults()
    }
    ours = {o.name: o.envvar for o in OPTIONS.values()}
    assert ours == {name: envvar for name, (envvar, _) in theirs.items()}
    assert list(OPTIONS) == list(theirs)
    assert all(OPTIONS[name].secret for name, (_, secret) in theirs.items() if secret)


@pytest.mark.parametrize(
    "text",
    [
        "password=top SeCrEt host=h",
        "password=top SeCrEt=1",
        "password='SeCrEt host=h",
        "postgresql://u:SeCr%Et@h/d",
        "postgresql://u:SeCr Et@h/d",
        "postgresql://u:SeCrEt?x@h/d?SeCrEt",
        "postgresql://[SeCrEt/@h",
        "password=SeCrEt\0",
    ],
)
def test_errors_keep_the_secret(text):
    with pytest.raises(errors.ProgrammingError) as caught:
        conninfo_to_dict(text)
    assert "SeCr" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "jdbc:postgresql", "POSTGRESQL", "mysql"])
def test_uris_of_others_are_told_from_pairs(scheme):
    with pytest.raises(errors.ProgrammingError, match=r"^a connection URI begins with postgresql:// or postgres://$"):
        conninfo_to_dict(f"{scheme}://user:secret@host/db?sslmode=require")


def test_unknown_name_is_shown():
    with pytest.raises(errors.ProgrammingError, match='invalid connection option "hosst"'):
        conninfo_to_dict("hosst=x")
    with pytest.raises(errors.ProgrammingError, match='invalid connection option "hosst"'):
        make_conninfo(hosst="x")


def test_bytes_that_are_not_text():
    """libpq passes any bytes on; here parameters are text, so what is not UTF-8 is refused where it is written."""
    with pytest.raises(errors.ProgrammingError, match="not UTF-8"):
        conninfo_to_dict("postgresql://h%ff/db")
