"""TypeInfo, TypesRegistry and the types of PostgreSQL, beside psycopg's."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import postgres
from howdah.types import TypeInfo, TypesRegistry

psycopg = pytest.importorskip("psycopg")

THEIRS = psycopg.postgres.types


def info(name="thing", oid=90001, array_oid=90002, **kwargs):
    return TypeInfo(name, oid, array_oid, **kwargs)


# ---- TypeInfo


def test_attributes():
    thing = info()
    assert (thing.name, thing.oid, thing.array_oid) == ("thing", 90001, 90002)
    assert (thing.regtype, thing.delimiter) == ("thing", ",")
    assert thing.typemod.oid == 90001
    assert repr(thing) == "<TypeInfo: thing (oid: 90001, array oid: 90002)>"
    assert info(regtype="public.thing", delimiter=";").regtype == "public.thing"


def test_class_is_public():
    assert (TypeInfo.__module__, TypesRegistry.__module__) == ("howdah.types", "howdah.types")


def test_signatures():
    for ours, theirs in (
        (TypeInfo, psycopg.types.TypeInfo),
        (TypeInfo.fetch, psycopg.types.TypeInfo.fetch),
        (TypeInfo.get_type_display, psycopg.types.TypeInfo.get_type_display),
        (TypesRegistry, psycopg.types.TypesRegistry),
        (TypesRegistry.get_by_subtype, psycopg.types.TypesRegistry.get_by_subtype),
    ):
        ours, theirs = inspect.signature(ours), inspect.signature(theirs)
        assert list(ours.parameters) == list(theirs.parameters)
        assert [p.kind for p in ours.parameters.values()] == [p.kind for p in theirs.parameters.values()]


def test_copies():
    thing = info(delimiter=";")
    for again in (copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
        assert (again.name, again.oid, again.array_oid, again.delimiter) == ("thing", 90001, 90002, ";")
        assert again.get_type_display(90002) == "thing[]"


def test_fetch_needs_a_connection():
    with pytest.raises(TypeError, match="expected Connection or AsyncConnection, got object"):
        TypeInfo.fetch(object(), "text")


@given(
    st.sampled_from(sorted(t.name for t in THEIRS)),
    st.sampled_from([-1, *range(4, 40), 0xFFFF, 0x7FFFFFFF, (5 << 16 | 2) + 4, (2 << 16 | 0x7FD) + 4, 0x4000003])
    | st.integers(0x10000, 0x3FFFFFF).filter(lambda n: n & 0xFFFF <= 0x7FF),
    st.booleans(),
)
def test_modifiers(name, modifier, of_array):
    ours, theirs = postgres.types[name], THEIRS[name]
    oid = ours.array_oid if of_array else ours.oid
    assert ours.get_display_size(modifier) == theirs.get_display_size(modifier)
    assert ours.get_precision(modifier) == theirs.get_precision(modifier)
    assert ours.get_type_display(oid) == theirs.get_type_display(oid)
    if modifier == -1 or ours.name != "numeric" or (modifier - 4) & 0xFFFF <= 0x7FF:
        assert ours.get_scale(modifier) == theirs.get_scale(modifier)
        assert ours.get_type_display(oid, modifier) == theirs.get_type_display(oid, modifier)


# ---- the types of PostgreSQL


def described(info):
    return (info.name, info.oid, info.array_oid, info.regtype, info.delimiter, type(info.typemod).__name__)


@pytest.mark.parametrize("theirs", list(THEIRS), ids=lambda t: t.name)
def test_every_type_of_psycopgs(theirs):
    ours = postgres.types[theirs.name]
    assert described(ours) == described(theirs)
    assert postgres.types[theirs.oid] is postgres.types[theirs.array_oid] is postgres.types[theirs.regtype] is ours


def test_oids_are_told_apart():
    oids = [oid for t in postgres.types for oid in (t.oid, t.array_oid) if oid]
    assert len(oids) == len(set(oids))


def test_register_default_types():
    registry = TypesRegistry()
    postgres.register_default_types(registry)
    assert [described(t) for t in registry] == [described(t) for t in postgres.types]


# ---- TypesRegistry


@pytest.mark.parametrize("key", ["int4", "integer", "int4[]", "integer[]", 23, 1007])
def test_keys(key):
    assert postgres.types[key].name == postgres.types.get(key).name == "int4"


@pytest.mark.parametrize("key", ["nosuch", "nosuch[]", "int4[][]", 0, 99999999, (TypeInfo, 23)])
def test_unknown(key):
    assert postgres.types.get(key) is None
    with pytest.raises(KeyError) as ours:
        postgres.types[key]
    with pytest.raises(KeyError) as theirs:
        THEIRS[key]
    if not isinstance(key, tuple):
        assert ours.value.args == theirs.value.args


@pytest.mark.parametrize("key", [None, 1.5, b"int4", ["int4"]])
def test_wrong_keys(key):
    for look_up in (postgres.types.get, postgres.types.__getitem__):
        with pytest.raises(TypeError, match="the key must be an oid or a name, got <class"):
            look_up(key)


def test_get_oid():
    assert postgres.types.get_oid("text") == 25
    assert postgres.types.get_oid("text[]") == 1009
    with pytest.raises(KeyError, match="couldn't find the type 'nosuch' in the types registry"):
        postgres.types.get_oid("nosuch[]")


def test_empty():
    registry = TypesRegistry()
    assert list(registry) == []
    assert registry.get("text") is None


@pytest.mark.parametrize(("oid", "array_oid"), [(1, 2), (1, 0), (0, 2), (0, 0)])
def test_oid_0_is_no_key(oid, array_oid):
    registry = TypesRegistry()
    thing = info("thing", oid, array_oid)
    registry.add(thing)
    assert registry["thing"] is thing
    assert registry.get(oid) is (thing if oid else None)
    assert registry.get(array_oid) is (thing if array_oid else None)


def test_regtype_yields_to_a_name():
    registry = TypesRegistry()
    first, second = info("a", 1, 2, regtype="b"), info("b", 3, 4)
    registry.add(second)
    registry.add(first)
    assert (registry["b"], registry["a"]) == (second, first)


def test_the_last_one_of_a_name_counts():
    registry = TypesRegistry()
    for oid in (1, 3):
        registry.add(info("a", oid, oid + 1))
    assert registry["a"].oid == 3
    assert [t.oid for t in registry] == [1, 3]


def test_copies_of_a_registry_are_independent():
    parent = TypesRegistry()
    parent.add(info("old", 1, 2))
    child = TypesRegistry(parent)
    grandchild = TypesRegistry(child)
    assert child["old"] is parent["old"]
    child.add(info("new", 1, 2))
    assert (parent[1].name, child[1].name, grandchild[1].name) == ("old", "new", "old")
    parent.add(info("own", 3, 4))
    assert child.get("own") is None
    grandchild.clear()
    assert grandchild.get("old") is None
    assert (parent.get("old"), child.get("old")) != (None, None)


class OverInfo(TypeInfo):
    """A type made of another, as ranges are."""

    def __init__(self, name, oid, array_oid, *, subtype_oid):
        super().__init__(name, oid, array_oid)
        self.subtype_oid = subtype_oid

    def _added(self, registry):
        registry._registry[OverInfo, self.subtype_oid] = self


def test_get_by_subtype():
    registry = TypesRegistry(postgres.types)
    over = OverInfo("over", 1, 2, subtype_oid=23)
    registry.add(over)
    assert registry.get_by_subtype(OverInfo, "int4") is over
    assert registry.get_by_subtype(OverInfo, 23) is over
    assert registry[OverInfo, 23] is over
    assert registry.get_by_subtype(OverInfo, "text") is None
    assert registry.get_by_subtype(OverInfo, "nosuch") is None
    assert postgres.types.get_by_subtype(OverInfo, 23) is None
