"""Examples in the documentation are bodies that the models take."""

from callscribe.configurations import examples as configuration_examples
from callscribe.configurations.schemas import AccountDefaultRequest, ConfigurationRequest
from callscribe.transcriptions import examples
from callscribe.transcriptions.schemas import CreateTranscription, FetchedTranscription, TranscriptResource


def test_requests_are_taken() -> None:
    CreateTranscription.model_validate(examples.REQUEST)
    ConfigurationRequest.model_validate(configuration_examples.REQUEST)
    AccountDefaultRequest.model_validate(configuration_examples.ACCOUNT_REQUEST)


def test_answers_come_out_as_shown() -> None:
    for model, example in ((FetchedTranscription, examples.FETCHED), (TranscriptResource, examples.TRANSCRIPT)):
        assert model.model_validate(example).model_dump(mode="json", by_alias=True) == example
