"""What an engine says of itself before it is loaded."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from callscribe.settings import Settings
from callscribe.speech.interface import Engine, ModelDescription


class EngineDeclaration(ABC):
    """An engine by its name: its models and what it takes. Its module must not import what the engine computes with.

    What depends on the settings is asked with them, and may be asked often: it loads nothing and asks no network.
    """

    name: ClassVar[str]
    """As a configuration, `servedBy` and queues name it; no slash in it."""
    runs: ClassVar[Literal["here", "provider"]] = "here"
    """On this machine, or at a provider, who is paid for each request."""
    keyterms: ClassVar[bool] = True
    """Whether it takes key terms. A configuration that has some is refused where it does not."""
    verbatim: ClassVar[bool] = False
    """Whether it can keep fillers (`RecognitionOptions.verbatim`). What asks for that is refused where it cannot."""

    @abstractmethod
    def models(self, settings: Settings) -> Sequence[ModelDescription]:
        """What can be asked for, whether or not its weights are here; nothing where the engine cannot be used."""

    @abstractmethod
    def make(self, settings: Settings) -> Engine:
        """The engine. Here is the place to import it.

        Raises:
            SetupError: the settings ask for what cannot be had; the message says what to do.
        """

    def default_model(self, settings: Settings, language: str) -> str | None:  # noqa: ARG002
        """The model that is meant for a locale, or `multi`, where none is named; None where one must be."""
        return None

    def detected_models(self, model: str, language: str, settings: Settings) -> Mapping[str, str]:  # noqa: ARG002
        """Models beside `model`, which serves a locale or `multi`, for what a recording turns out to be in.

        By ISO 639-1 code; under `multi` the one that says what is spoken, where `model` is not to be asked.
        """
        return {}

    def check(self, settings: Settings) -> None:  # noqa: B027  most have nothing that could be wrong
        """Make sure that the settings can be followed.

        Raises:
            SetupError: the settings ask for what cannot be had; the message names the setting.
        """

    def has(self, model: str, settings: Settings) -> bool:  # noqa: ARG002
        """Whether a model can be used at once, without getting anything."""
        return True

    def fetch(self, model: str, settings: Settings) -> None:  # noqa: B027  most have nothing to get
        """Get what a model needs, where it is not here.

        Raises:
            SetupError: it cannot be had; the message says what to do.
        """

    def sends_to(self, settings: Settings) -> str | None:  # noqa: ARG002
        """The host to which recordings go; None where it runs here."""
        return None

    def computes_with(self, settings: Settings) -> str | None:  # noqa: ARG002
        """What the operator is told of how and where it computes; None where there is nothing to tell.

        Raises:
            SetupError: the settings ask for what cannot be had.
        """
        return None
