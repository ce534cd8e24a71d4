"""An evaluation as a picture."""

from xml.etree import ElementTree as ET

from callscribe.evaluation.charts import svg
from callscribe.evaluation.documents import EvaluationReport, IntervalResource
from callscribe.evaluation.examples import BY_SCHEMA

NAMESPACE = "{http://www.w3.org/2000/svg}"
REPORT = EvaluationReport.model_validate(BY_SCHEMA["EvaluationResource"]["report"])


def test_bars_are_as_long_as_rates() -> None:
    (best,) = REPORT.engines
    worse = best.model_copy(
        update={"model": "tiny", "word_error_rate": 0.1, "interval": IntervalResource(low=0.08, high=0.2)}
    )
    failed = best.model_copy(update={"model": "none", "word_error_rate": None, "interval": None})
    picture = ET.fromstring(svg("calls", REPORT.model_copy(update={"engines": [best, worse, failed]})))
    bars = [float(each.attrib["width"]) for each in picture.iter(f"{NAMESPACE}rect") if each.attrib["class"] == "bar"]
    assert len(bars) == 2
    assert round(bars[1] / bars[0], 2) == 2.0
    assert picture.findtext(f"{NAMESPACE}desc") == "whisper/base 5.0 %; whisper/tiny 10.0 %"


def test_names_stay_text() -> None:
    title = 'a<b>&"\x07'
    engine = REPORT.engines[0].model_copy(update={"model": "<script>", "word_error_rate": 0.0, "interval": None})
    picture = ET.fromstring(svg(title, REPORT.model_copy(update={"engines": [engine]})))
    assert 'a<b>&"' in (picture.findtext(f"{NAMESPACE}title") or "")
    assert not list(picture.iter(f"{NAMESPACE}script"))
