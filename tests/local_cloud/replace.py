"""Replacing functions of MiniStack, only while they are the ones we know."""
import importlib.metadata
import inspect
import pathlib
import re

REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")


class Unknown(SystemExit):
    """MiniStack is not the one this code was written against."""


def pinned_version():
    """The MiniStack version that requirements.txt pins."""
    return re.search(r"^ministack==(\S+)$", REQUIREMENTS.read_text(), re.M)[1]


def require_pinned_version():
    """Refuse to start on any MiniStack but the pinned one."""
    have, want = importlib.metadata.version("ministack"), pinned_version()
    if have != want:
        raise Unknown(f"local cloud: ministack {have} is installed, but {want} is needed: "
                      f"pip install -r {REQUIREMENTS}")


def parameters(function):
    """What a caller has to know: names, kinds and which of them may be left out."""
    return [(p.name, p.kind, p.default is p.empty) for p in inspect.signature(function).parameters.values()]


def replace(owner, name, replacement):
    """Put `replacement` in place of `owner.name` and return the original.

    A changed signature stops the start: better no local cloud than one that silently stopped mending.
    """
    original = getattr(owner, name, None)
    if original is None:
        raise Unknown(f"local cloud: {owner.__name__}.{name} is gone")
    want, have = parameters(original), parameters(replacement)
    if want != have:
        raise Unknown(f"local cloud: {owner.__name__}.{name}{inspect.signature(original)} is no longer "
                      f"{inspect.signature(replacement)}")
    setattr(owner, name, replacement)
    return original
