"""The engines by name. To add one, write its declaration and name it in `_ENGINES`."""

import threading
from collections.abc import Collection
from typing import Final

from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech.engines.declaration import EngineDeclaration
from callscribe.speech.engines.deepgram.declaration import DeepgramDeclaration
from callscribe.speech.engines.google.declaration import GoogleDeclaration
from callscribe.speech.engines.openai.declaration import OpenAIDeclaration
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.engines.sherpa.declaration import SherpaDeclaration
from callscribe.speech.engines.whisper.declaration import WhisperDeclaration
from callscribe.speech.interface import Engine

DEFAULT: Final[EngineDeclaration] = WhisperDeclaration()
"""This machine's own: settings and commands mean its models by their bare names, and it stands in for others."""

_ENGINES: Final[dict[str, EngineDeclaration]] = {
    each.name: each
    for each in (DEFAULT, SherpaDeclaration(), DeepgramDeclaration(), OpenAIDeclaration(), GoogleDeclaration())
}


def register(declaration: EngineDeclaration) -> None:
    """Add an engine to those of this process, or replace the one with its name."""
    _ENGINES[declaration.name] = declaration


def unregister(name: str) -> None:
    """Take an engine out again."""
    del _ENGINES[name]


def declared() -> Collection[EngineDeclaration]:
    """Every engine, the default first."""
    return _ENGINES.values()


def find(name: str) -> EngineDeclaration | None:
    """The engine with this name."""
    return _ENGINES.get(name)


def declaration_of(served_by: ServedBy) -> EngineDeclaration:
    """The engine of something that serves.

    Raises:
        SetupError: this program has no such engine.
    """
    declaration = _ENGINES.get(served_by.engine)
    if declaration is None:
        raise SetupError(f"There is no engine {served_by.engine!r}. There are: {', '.join(_ENGINES)}.")
    return declaration


def default(settings: Settings, language: str) -> ServedBy:
    """What serves a locale, or `multi`, where nothing else is named.

    Raises:
        SetupError: the setting cannot be read.
    """
    return ServedBy(DEFAULT.name, str(DEFAULT.default_model(settings, language)))


def named(name: str) -> ServedBy:
    """What settings and commands mean by a name: a model of the default engine, or `ENGINE/MODEL` of another one.

    A folder of the operator's own is named by its path, and is the default engine's.
    """
    engine, _, model = name.partition("/")
    if model and engine in _ENGINES and engine != DEFAULT.name:
        return ServedBy(engine, model)
    return ServedBy(DEFAULT.name, name)


class Engines:
    """The engines of one process, each made when it is first asked for. Safe to call from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._made: dict[str, Engine] = {}

    def serving(self, served_by: ServedBy) -> Engine:
        """The engine that serves with this.

        Raises:
            SetupError: there is no such engine, or the settings ask it for what cannot be had.
        """
        with self._lock:
            if served_by.engine not in self._made:
                self._made[served_by.engine] = declaration_of(served_by).make(self._settings)
            return self._made[served_by.engine]

    @property
    def pid(self) -> int | None:
        """The process in which an engine computes, where there is one now."""
        with self._lock:
            return next((engine.pid for engine in self._made.values() if engine.pid is not None), None)

    def close(self) -> None:
        """Let go of what all of them hold."""
        with self._lock:
            for engine in self._made.values():
                engine.close()
