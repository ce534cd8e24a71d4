"""The tree of errors at the top of `callscribe.errors` is the one there is."""

import builtins
import importlib
import pkgutil
import re

import callscribe
from callscribe import errors


def drawn() -> dict[str, tuple[str, str | None]]:
    """Each error with the one above it and the module it is said to live in, None for `errors` itself."""
    assert errors.__doc__
    above: dict[int, str] = {}
    found = {}
    for line in errors.__doc__.splitlines():
        if match := re.match(r"    ([│├└─ ]*)([A-Z]\w+)(?: {2,}.*?(?:\(([\w.]+)\))?)?$", line):
            depth = len(match[1])
            parents = [name for deep, name in sorted(above.items()) if deep < depth]
            if not hasattr(builtins, match[2]):
                found[match[2]] = (parents[-1] if parents else "Exception", match[3])
            above = {deep: name for deep, name in above.items() if deep < depth} | {depth: match[2]}
    return found


def raised() -> dict[str, tuple[str, str | None]]:
    """The same of the program."""
    for module in pkgutil.walk_packages(callscribe.__path__, "callscribe."):
        if not module.name.startswith("callscribe.migrations.") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = {}
    todo = [Exception]
    while todo:
        for each in todo.pop().__subclasses__():
            todo.append(each)
            if each.__module__.startswith("callscribe.") and not each.__name__.startswith("_"):
                home = each.__module__.removeprefix("callscribe.")
                found[each.__name__] = (each.__bases__[0].__name__, None if home == "errors" else home)
    return found


def test_the_tree_of_errors_is_whole() -> None:
    assert drawn() == raised()
