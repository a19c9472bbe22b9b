"""The packed standard library as the import system sees it (typhon's overlay).

The library's modules are compiled into the interpreter, with their sources. They
claim to be files below `ROOT`, which `sys.path` names and nothing else reads.
"""

import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _external
import _imp
import sys

ROOT = sys._stdlib_dir


class PackedLoader(_external._LoaderBasics):
    """Loads one module of the packed library."""

    def __init__(self, fullname, path):
        self.name = fullname
        self.path = path

    def __eq__(self, other):
        return self.__class__ == other.__class__ and self.__dict__ == other.__dict__

    def __hash__(self):
        return hash(self.name) ^ hash(self.path)

    @_external._check_name
    def get_filename(self, fullname):
        """Return the path that the module's file claims to have."""
        return self.path

    @_external._check_name
    def get_code(self, fullname):
        """Return the module's code object."""
        return _imp._packed_code(_dotted(self.path))

    @_external._check_name
    def get_source(self, fullname):
        """Return the module's source text."""
        return _external.decode_source(_imp._packed_source(_dotted(self.path)))

    def get_data(self, path):
        """Return the bytes of a packed source file."""
        name = _dotted(path)
        if name is None or not _imp._packed_find(name):
            raise FileNotFoundError(2, "No such file or directory", path)
        return _imp._packed_source(name)


class PackedFinder:
    """Finds modules in one folder of the packed library."""

    def __init__(self, path):
        self.path = path

    def __repr__(self):
        return f"PackedFinder({self.path!r})"

    def find_spec(self, fullname, target=None):
        """Return the spec of a packed module, or None."""
        path = f"{self.path}/{fullname.rpartition('.')[2]}"
        found = _imp._packed_find(_dotted(path + ".py"))
        if not found:
            return None
        if found == 2:
            return _external.spec_from_file_location(
                fullname, path + "/__init__.py", loader=PackedLoader(fullname, path + "/__init__.py"),
                submodule_search_locations=[path])
        return _external.spec_from_file_location(fullname, path + ".py", loader=PackedLoader(fullname, path + ".py"))

    def iter_modules(self, prefix=""):
        """Yield (name, is package) of the modules in the folder, for pkgutil."""
        folder = _dotted(self.path + "/__init__.py")
        for name in _imp._packed_names(folder):
            yield prefix + name, _imp._packed_find(f"{folder}.{name}" if folder else name) == 2

    def invalidate_caches(self):
        """Nothing changes in the packed library."""


def _dotted(path):
    """The module name that a path below ROOT stands for."""
    if not path.startswith(ROOT + "/"):
        return None
    path = path[len(ROOT) + 1:].removesuffix(".py")
    return path.removesuffix("__init__").rstrip("/").replace("/", ".")


def path_hook_for_packed(path):
    """Path hook: a finder for a folder of the packed library."""
    if path != ROOT and not path.startswith(ROOT + "/"):
        raise ImportError("not a folder of the packed library", path=path)
    return PackedFinder(path)


def path_hook_for_zip(path):
    """Path hook: zipimport, which is loaded when a path first names no folder.

    An import statement would ask the path hooks for that same path again, without end, and
    so would what zipimport imports: meanwhile the path has no finder.
    """
    if _external._path_isdir(path):
        raise ImportError("not a Zip file", path=path)
    module = sys.modules.get("zipimport")
    if module is None:
        module = _bootstrap._load(PackedFinder(ROOT).find_spec("zipimport"))
    importer = getattr(module, "zipimporter", None)
    if importer is None:
        raise ImportError("zipimport is still being imported", path=path)
    return importer(path)


def install():
    """Add the hooks, and give modules that are there already their specs."""
    sys.path_hooks[:0] = [path_hook_for_packed, path_hook_for_zip]
    finder = PackedFinder(ROOT)
    for name, module in list(sys.modules.items()):
        if getattr(module, "__spec__", None) is not None:
            continue
        if _imp.is_builtin(name):
            spec = _bootstrap.BuiltinImporter.find_spec(name)
        elif _imp.is_frozen(name):
            spec = _bootstrap.FrozenImporter.find_spec(name)
            del module.__origname__
        else:
            spec = finder.find_spec(name)
        if spec is not None:
            _bootstrap._init_module_attrs(spec, module, override=True)
