"""numpy's scalars, beside psycopg's."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import howdah
import howdah.types.numpy
from howdah.adapt import PyFormat, Transformer
from oracle import psycopg, psycopg_in_c

np = pytest.importorskip("numpy")

SIGNED = ["int8", "int16", "int32", "int64", "longlong"]
UNSIGNED = ["uint8", "uint16", "uint32", "uint64", "ulonglong"]
FLOATS = ["float16", "float32", "float64"]


def dumped(module, obj, format):
    dumper = module.adapt.Transformer().get_dumper(obj, module.adapt.PyFormat(format))
    return type(dumper).__name__, dumper.oid, int(dumper.format), bytes(dumper.dump(obj))


def check(obj):
    for format in "stb":
        ours, theirs = dumped(howdah, obj, format), dumped(psycopg, obj, format)
        if ours[1:3] == (1700, 1):  # psycopg keeps zeros at the ends
            load = psycopg.types.numeric.NumericBinaryLoader(1700).load
            ours, theirs = ((*them[:3], load(them[3])) for them in (ours, theirs))
        assert ours == theirs
        listed, expected = dumped(howdah, [obj], format), dumped(psycopg, [obj], format)
        assert listed[1:3] == expected[1:3]
        if listed[1:3] != (1231, 1):
            assert listed == expected
    quoted = [
        module.adapt.Transformer().get_dumper(obj, module.adapt.PyFormat.TEXT).quote(obj)
        for module in (howdah, psycopg)
    ]
    assert bytes(quoted[0]) == bytes(quoted[1])


@given(st.sampled_from(SIGNED + UNSIGNED), st.data())
def test_integers(name, data):
    cls = getattr(np, name)
    ends = np.iinfo(cls)
    check(cls(data.draw(st.integers(int(ends.min), int(ends.max)) | st.sampled_from([ends.min, 0, ends.max]))))


@psycopg_in_c
@given(st.sampled_from(FLOATS), st.data())
def test_floats(name, data):
    check(getattr(np, name)(data.draw(st.floats(width=int(name[5:])))))


@pytest.mark.parametrize("value", [True, False])
def test_bool(value):
    check(np.bool_(value))


def test_subclass_of_str():
    obj = np.array(["text"])[0]
    for format in "stb":
        assert dumped(howdah, obj, format) == dumped(psycopg, obj, format)


def test_dtypes_without_a_dumper():
    for obj in (np.complex128(1), np.datetime64("2020-01-01"), np.array([1, 2])):
        with pytest.raises(howdah.ProgrammingError) as ours:
            Transformer().get_dumper(obj, PyFormat.AUTO)
        with pytest.raises(psycopg.ProgrammingError) as theirs:
            psycopg.adapt.Transformer().get_dumper(obj, psycopg.adapt.PyFormat.AUTO)
        assert str(ours.value) == str(theirs.value)


def test_same_classes_as_psycopgs():
    for name, cls in vars(psycopg.types.numpy).items():
        if name.startswith("NP"):
            ours = getattr(howdah.types.numpy, name)
            assert (ours.oid, int(ours.format)) == (cls.oid, int(cls.format))


def test_same_names_as_psycopgs():
    for format in psycopg.adapt.PyFormat:
        theirs = {k for k in psycopg.adapters._dumpers[format] if isinstance(k, str) and k.startswith("numpy.")}
        assert theirs
        for name in theirs:
            cls = type(name.partition(".")[2], (), {"__module__": "numpy"})
            ours = howdah.adapters.get_dumper(cls, PyFormat(format.value))
            assert ours.__name__ == psycopg.adapters.get_dumper(cls, format).__name__


def test_numpy_is_not_imported():
    code = "import howdah, sys; howdah._howdah.dump(5); assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
