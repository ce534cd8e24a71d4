"""Whisper weights on OpenVINO or CTranslate2, in a child process that can be killed and recycled."""
