"""The blocking form of a module of coroutine functions: written once, run in both worlds."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any


class _Blocking(ast.NodeTransformer):
    """Takes `async` and `await` out."""

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._as(ast.FunctionDef, node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        return self._as(ast.With, node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return self._as(ast.For, node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        node.is_async = 0
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = "close" if node.attr == "aclose" else node.attr
        return self.generic_visit(node)

    def visit_Await(self, node: ast.Await) -> ast.AST:
        return self.visit(node.value)

    def _as(self, kind: type[ast.AST], node: ast.AST) -> ast.AST:
        return self.generic_visit(ast.copy_location(kind(**dict(ast.iter_fields(node))), node))


def blocking(path: str, **replacing: Any) -> dict[str, Any]:
    """What the module at this path defines, without coroutines. replacing: what stands for some of its names."""
    tree = _Blocking().visit(ast.parse(Path(path).read_text(encoding="utf-8"), path))
    found: dict[str, Any] = {"__name__": f"blocking form of {path}"}
    exec(compile(tree, path, "exec"), found)
    found.update(replacing)
    return found
