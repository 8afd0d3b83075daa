"""Makes ``import psycopg`` give howdah.

The modules go through Python's import system, by a finder of our own. So import hooks (of tracing agents, say) fire
as for any other package, every module has a spec, and submodules are attributes of their packages.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import logging
import pkgutil
import sys
import types
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

# Packages that programs import, and where their contents are.
PACKAGES = {"psycopg": ("howdah", "howdah._psycopg"), "psycopg_pool": ("howdah.pool", "howdah._psycopg_pool")}

# Parts of howdah that psycopg has not got.
_OURS = {"howdah._howdah", "howdah.__main__", "howdah._cli", "howdah._connect", "howdah._errcodes", "howdah.pool"}
_OURS |= {"howdah._psycopg", "howdah._psycopg._install", "howdah._psycopg_pool", "howdah.server"}

# Modules that load big packages: imported when a program asks for them.
_LATER = {"psycopg.types.shapely"}

_OF_A_MODULE = {"__name__", "__loader__", "__package__", "__spec__", "__path__", "__cached__", "__builtins__"}


def install() -> None:
    """See `howdah.install_as_psycopg`."""
    for package in attach().packages:
        importlib.import_module(package)


def attach() -> Finder:
    """Have howdah found when psycopg is imported, without importing it. Raises ImportError where psycopg was."""
    finder = next((finder for finder in sys.meta_path if isinstance(finder, Finder)), None)
    if finder is not None:
        return finder
    finder = Finder()
    for name in finder.packages:
        if name in sys.modules:
            origin = getattr(sys.modules[name], "__file__", None) or "an unknown place"
            raise ImportError(
                f"{name} was imported already, from {origin}: call howdah.install_as_psycopg() before "
                f"anything imports {name}"
            )
    _insert(finder)
    # What is logged reaches those who listen to psycopg.
    for child in ("", ".pool"):
        logging.getLogger(f"howdah{child}").parent = logging.getLogger(f"psycopg{child}")
    return finder


def _insert(finder: Finder) -> None:
    """Before the interpreter's finders, but behind import hooks, which look behind themselves for what they hook."""
    standard = (
        importlib.machinery.BuiltinImporter,
        importlib.machinery.FrozenImporter,
        importlib.machinery.PathFinder,
    )
    places = [place for place, other in enumerate(sys.meta_path) if other in standard]
    sys.meta_path.insert(min(places, default=0), finder)


class Finder:
    """Finds ``psycopg`` and its submodules, and the metadata of a distribution of this name."""

    def __init__(self) -> None:
        self.sources: dict[str, list[str]] = {}  # module to the modules whose names it has; packages come first
        for package, origins in PACKAGES.items():
            for origin in origins:
                if importlib.util.find_spec(origin) is not None:
                    self._add(package, origin)
        self.packages = [package for package in PACKAGES if package in self.sources]

    def _add(self, name: str, source: str) -> None:
        self.sources.setdefault(name, []).append(source)
        path = getattr(importlib.import_module(source), "__path__", None)
        for item in pkgutil.iter_modules(path) if path is not None else ():
            if f"{source}.{item.name}" not in _OURS:
                child = f"{source}.{item.name}"
                if item.ispkg:
                    self._add(f"{name}.{item.name}", child)
                else:
                    self.sources.setdefault(f"{name}.{item.name}", []).append(child)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in self.sources:
            return None
        is_package = any(other.startswith(f"{name}.") for other in self.sources)
        origin = sys.modules[self.sources[name][0].split(".")[0]].__file__
        return importlib.machinery.ModuleSpec(name, Loader(self), origin=origin, is_package=is_package)

    def invalidate_caches(self) -> None:
        """There are none."""

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context | None = None
    ) -> Iterator[importlib.metadata.Distribution]:
        """What `importlib.metadata` asks for."""
        wanted = None if context is None or context.name is None else context.name.lower().replace("-", "_")
        for package in PACKAGES:
            if package in self.sources and wanted in (None, package):
                version = importlib.import_module(self.sources[package][-1]).__version__
                yield Distribution(package.replace("_", "-"), version)

    def complete(self, package: str) -> None:
        """Import what a package consists of: programs expect it among the package's names."""
        modules = [name for name in self.sources if name.split(".")[0] == package and name not in _LATER]
        if package != "psycopg":
            importlib.import_module("psycopg")
        for name in modules:
            importlib.import_module(name)
        for name in modules:
            self.link(sys.modules[name])

    def link(self, module: types.ModuleType) -> None:
        """Replace howdah's modules among the names of a module by psycopg's; those that it has not got, go."""
        for name, value in list(vars(module).items()):
            if isinstance(value, types.ModuleType) and value.__name__.split(".")[0] == "howdah":
                other = sys.modules.get(renamed(value.__name__))
                if other is not None and other not in (value, module):
                    setattr(module, name, other)
                else:
                    delattr(module, name)


class Loader(importlib.abc.Loader):
    """Fills a module with the names of others."""

    def __init__(self, finder: Finder):
        self.finder = finder

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        for name in self.finder.sources[module.__name__]:
            source = importlib.import_module(name)
            adopt(vars(source).values())
            names = {name: value for name, value in vars(source).items() if name not in _OF_A_MODULE}
            for name in ("__doc__", "__file__"):
                names[name] = getattr(module, name, None) or names.get(name)
            if "__all__" in names:
                names["__all__"] = [*getattr(module, "__all__", ()), *names["__all__"]]
            vars(module).update(names)
        if module.__name__ in _LATER:
            self.finder.link(module)
        if module.__name__ in PACKAGES:
            self.finder.complete(module.__name__)


class Distribution(importlib.metadata.Distribution):
    """What `importlib.metadata` says of psycopg."""

    def __init__(self, name: str, version: str):
        self._text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: howdah as {name}\n"

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        raise FileNotFoundError(path)


def renamed(name: str) -> str:
    """Under which name a module of howdah is psycopg's: howdah.pq is psycopg.pq."""
    for package, origins in PACKAGES.items():
        for origin in reversed(origins):
            if name == origin or name.startswith(f"{origin}."):
                if name.startswith("howdah.pool") and package == "psycopg":
                    continue
                return package + name[len(origin) :]
    return name


def adopt(values: Iterable[Any]) -> None:
    """Have the classes and functions say that they are psycopg's, so that they are shown and pickled as such."""
    for value in values:
        if isinstance(value, (type, types.FunctionType)):
            name = value.__module__
            if isinstance(name, str) and name.split(".")[0] == "howdah" and not name.startswith("howdah._howdah"):
                value.__module__ = renamed(name)
