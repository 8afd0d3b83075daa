/* Block: base of classes for `with` that must never be left half entered or half ended.
 *
 * A signal handler can raise between any two steps of Python code: before the first line of __enter__ and __exit__, and
 * behind the last line of a `try` in them too. Between a method in C and the block there is no such place. So __enter__
 * and __exit__ are in C here. They call _enter() and _exit(exception) in Python, and if those raise whatever it is,
 * _undo(), which has to bring about that nothing of the block is left, and may be called more than once; as a last
 * resort _give_up(). */
#ifndef HDPY_BLOCK_H
#define HDPY_BLOCK_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

int hdpy_block_init(PyObject *module);

#endif
