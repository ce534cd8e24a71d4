"""What is asked of a model, by what it can give.

OpenAI's description of the API (https://github.com/openai/openai-openapi, `CreateTranscriptionRequest`) has more
parameters than any one model takes, and servers of other makers know only some.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Any, Final

from callscribe.speech.interface import RecognitionOptions
from callscribe.speech.languages import language_code

PROVIDER: Final = "the openai server"
"""Who is asked, as a job's owner reads of it. Where that is, is the operator's business."""

_LONGEST_PROMPT: Final = 600
"""Characters. Whisper reads no more than the last 224 tokens of a prompt, and names have about three letters to one."""

_MARKUP: Final = str.maketrans("", "", "<>\r\n")
"""What `keywords` may not have, or the whole request is refused."""


class Form(Enum):
    """What an answer has."""

    WORDS = auto()
    """Words with times of their own, and segments."""

    SEGMENTS = auto()
    """Segments with times."""

    TEXT = auto()
    """Text alone."""

    @property
    def less(self) -> "Form":
        """What to ask for where a server has not got this. Each has the last."""
        return Form.SEGMENTS if self is Form.WORDS else Form.TEXT


_OF_A_FORM: Final = ("response_format", "verbose_json", "granularit", "timestamp")
"""What a server says when the form of its answer is what it cannot do."""


def form_of(model: str) -> Form:
    """What there is to be had of a model, as far as its name tells: OpenAI's own but Whisper have text alone."""
    return Form.TEXT if _name(model).startswith("gpt-") else Form.WORDS


def is_refusal_of_form(words: str) -> bool:
    """Whether an error answer says that the form cannot be had."""
    return any(each in words.lower() for each in _OF_A_FORM)


def tells_language(model: str) -> bool:
    """Whether an answer says what language was spoken."""
    return not _name(model).startswith("gpt-4o")


def takes_keyterms(model: str) -> bool:
    """Whether there is a way to tell it what words are likely."""
    return not _name(model).endswith("-diarize")


def parameters(model: str, form: Form, options: RecognitionOptions) -> dict[str, Any]:
    """The arguments of a request beside its file, for `client.audio.transcriptions.create`."""
    language = language_code(options.language)
    asked: dict[str, Any] = {"model": model}
    if form is Form.TEXT:
        asked["response_format"] = "json"
    else:
        asked["response_format"] = "verbose_json"
        asked["timestamp_granularities"] = ["word", "segment"] if form is Form.WORDS else ["segment"]
    if _name(model).startswith("gpt-transcribe"):
        # It has a list in the place of each of the two, and refuses a request with both.
        asked |= {"languages": [language]} if language else {}
        keywords = [term.translate(_MARKUP) for term in options.keyterms]
        return asked | ({"keywords": keywords} if keywords else {})
    if language:
        asked["language"] = language
    if options.keyterms and takes_keyterms(model):
        asked["prompt"] = _prompt(options.keyterms)
    if _name(model).endswith("-diarize"):
        asked["chunking_strategy"] = "auto"  # or it refuses more than 30 s
    if not _name(model).startswith("gpt-"):  # whose default it is, and who may refuse to be told
        asked["temperature"] = 0
    return asked


def _name(model: str) -> str:
    """A model's name without whose it is: `openai/gpt-transcribe`, as some servers have it."""
    return model.rpartition("/")[2]


def _prompt(terms: Sequence[str]) -> str:
    """As many of the first terms as there is room for."""
    prompt = terms[0]
    for term in terms[1:]:
        if len(prompt) + len(term) + 2 > _LONGEST_PROMPT:
            break
        prompt += f", {term}"
    return f"{prompt}."
