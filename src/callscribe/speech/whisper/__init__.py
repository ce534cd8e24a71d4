"""Whisper weights on OpenVINO or CTranslate2, in a child process that can be killed and recycled."""

from callscribe.speech.whisper.engine import WhisperEngine

__all__ = ["WhisperEngine"]
