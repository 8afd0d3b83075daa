"""Connection strings against libpq's own parser, as psycopg shows it."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from howdah import errors
from howdah._connect.options import OPTIONS
from howdah.conninfo import conninfo_to_dict, make_conninfo

psycopg = pytest.importorskip("psycopg")
oracle = pytest.importorskip("psycopg.conninfo")
pq = pytest.importorskip("psycopg.pq")

# The table of libpq's own test of its URI parser (src/interfaces/libpq/t/001_uri.pl), by its cases.
URIS = """
postgresql://uri-user:secret@host:12345/db
postgresql://uri-user@host:12345/db
postgresql://uri-user@host/db
postgresql://host:12345/db
postgresql://host/db
postgresql://uri-user@host:12345/
postgresql://uri-user@host/
postgresql://uri-user@
postgresql://host:12345/
postgresql://host:12345
postgresql://host/
postgresql://host
postgresql://
postgresql://?hostaddr=127.0.0.1
postgresql://example.com?hostaddr=63.1.2.4
postgresql://%68ost/
postgresql://host/db?user=uri-user
postgresql://host/db?user=uri-user&port=12345
postgresql://host/db?u%73er=someotheruser&port=12345
postgresql://host/db?u%7aer=someotheruser&port=12345
postgresql://host:12345?user=uri-user
postgresql://host?user=uri-user
postgresql://[2001:db8::1234]/
postgresql://[::1]:5432/db?x
postgresql://[2001:db8::1234]:12345/db
postgresql://[::1
postgresql://[]
postgresql://[::1]z
postgresql://@host
postgresql://host?sslmode=disable
postgresql://host?ssl=true
postgresql://host?ssl=false
postgresql://host?requiressl=1
postgres://host?zzz=1
postgresql://host?value1=value2
postgresql://host?key=value&key2
postgresql://host?host=a&host=b
postgresql://host?host==a
postgresql://h%zz/db
postgresql://h%0
postgresql://h%00/db
postgresql:///db
postgresql://uri-user@/db
postgresql://uri-user:@h/db
postgresql://:pw@h/db
postgresql:///?host=/tmp
postgresql://%2Frun%2Fpg:5433/db
postgresql:///?host=@abs
postgresql://h1,h2:5433/db
postgresql://h1:1,h2:2,h3/db
postgresql://,/db
postgresql://,,?user=x
postgresql://u@a@h/d
postgresql://u:p/w@h/d
postgresql://u:p:q@h/d
postgresql://::1/db
postgresql://h/d?user=a&
postgresql://h/d?&user=a
postgresql://h/d?user=a&&port=3
postgresql://h/d?
postgresql://h//d
postgresql://h/d/e?user=/x?y
postgresql://h#x/d+e
postgresql:// h /d
postgresql://h x/d
postgresql://h/ d ?user= x
postgresql://h/%20?user=%c3%a9
postgresql:/h
POSTGRESQL://h
postgresql://host:port/db
postgres://h/d?connect_timeout=
postgres://h/d?=x
postgres://ü@hôte/dbé
""".strip("\n").split("\n")  # fmt: skip

PAIRS = """

host=a
host = a
 host =  a port= 5
host=a\tport\n=\r5
host=
host= port=5
host='' port=5
host='a b' port='5'
host='a\\'b'
host=a\\ b
host=a\\
host='a\\
host='a
host=a'b
host='a'port=5
host=a=b
host==a
host
host a
=a
=
 =
hosts=a
HOST=a
host=a host=b
requiressl=1
requiressl=0
requiressl=
host=é\xa0x
password='it\\'s \\\\ here'
'host'=a
host=a,b port=1,2
service=x
dbname=postgresql://h/d
dbname='host=a'
a=b c
user=x foo=1
""".strip("\n").split("\n")  # fmt: skip


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


def test_unknown_name_is_shown():
    with pytest.raises(errors.ProgrammingError, match='invalid connection option "hosst"'):
        conninfo_to_dict("hosst=x")
    with pytest.raises(errors.ProgrammingError, match='invalid connection option "hosst"'):
        make_conninfo(hosst="x")


def test_bytes_that_are_not_text():
    """libpq passes any bytes on; here parameters are text, so what is not UTF-8 is refused where it is written."""
    with pytest.raises(errors.ProgrammingError, match="not UTF-8"):
        conninfo_to_dict("postgresql://h%ff/db")
