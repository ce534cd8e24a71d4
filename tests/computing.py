"""The ways of computing that this processor has, as parameters of tests."""

import pytest

from callscribe.speech.engines.whisper.compute import ways

OF_OPENVINO = [
    pytest.param(way, marks=pytest.mark.long if place else ())
    for place, way in enumerate(way for way in ways() if way != "ctranslate2")
]
"""The quickest, and the others where there is time for them."""

ALL = [*OF_OPENVINO, "ctranslate2"]
