"""What is asked of Google about a recording: `RecognitionConfig`."""

from typing import Final

from google.cloud.speech_v2.types import cloud_speech

from callscribe.speech.interface import RecognitionOptions
from callscribe.speech.languages import language_code

DETECTED: Final = "auto"
"""In place of a language: that which is spoken the most."""


def recognition_config(model: str, options: RecognitionOptions, channels: int) -> cloud_speech.RecognitionConfig:
    """The same for a piece of a recording as for the whole. `channels` are those that are sent."""
    modes = cloud_speech.RecognitionFeatures.MultiChannelMode
    config = cloud_speech.RecognitionConfig(
        auto_decoding_config=cloud_speech.AutoDetectDecodingConfig(),
        model=model,
        language_codes=[_language(options)],
        features=cloud_speech.RecognitionFeatures(
            enable_word_time_offsets=True,
            enable_word_confidence=True,
            enable_automatic_punctuation=True,
            multi_channel_mode=(
                modes.SEPARATE_RECOGNITION_PER_CHANNEL if channels > 1 else modes.MULTI_CHANNEL_MODE_UNSPECIFIED
            ),
        ),
    )
    if options.keyterms:
        phrases = [cloud_speech.PhraseSet.Phrase(value=term) for term in options.keyterms]
        adaptation = cloud_speech.SpeechAdaptation.AdaptationPhraseSet(
            inline_phrase_set=cloud_speech.PhraseSet(phrases=phrases)
        )
        config.adaptation = cloud_speech.SpeechAdaptation(phrase_sets=[adaptation])
    return config


def _language(options: RecognitionOptions) -> str:
    asked = options.language
    return DETECTED if asked is None or language_code(asked) is None else asked
