"""Transcriptions that nobody asked for one by one: those that a recording configuration names in its `features`."""

import structlog
from pydantic import ValidationError
from sqlalchemy.orm import Session

from callscribe.configurations.service import recording_configuration
from callscribe.errors import RequestError
from callscribe.recordings.tables import Recording
from callscribe.settings import Settings
from callscribe.transcriptions import repository
from callscribe.transcriptions.quotas import Quotas
from callscribe.transcriptions.schemas import CreateTranscription
from callscribe.transcriptions.service import Transcriptions
from callscribe.transcriptions.sources import CallSource

_log = structlog.get_logger(__name__)


class RecordingTranscriber:
    """Has a recording that completes transcribed as the account's recording configuration says."""

    def __init__(self, transcriptions: Transcriptions, quotas: Quotas, settings: Settings) -> None:
        self._transcriptions = transcriptions
        self._quotas = quotas
        self._public_url = str(settings.public_url or "").rstrip("/")

    def __call__(self, session: Session, recording: Recording, base_url: str) -> None:
        """Make the transcriptions, each once and never again, in the transaction in which the recording completes.

        What cannot be made is skipped and logged: a configuration that is gone or the like is no fault of the
        recording. Quotas do not stop it: the recording is here, and nobody would ask again; see `admit`. `base_url` is
        the address of this server as the one who brought the recording knows it, if known.
        """
        session.flush()
        options = recording_configuration(session, recording.account_sid)
        if options is None or not options.features:
            return
        source = CallSource.of(session, recording)
        for configuration_id in dict.fromkeys(feature.feature_id for feature in options.features):
            try:
                self._transcribe(session, source, configuration_id, base_url or self._public_url)
            except (RequestError, ValidationError) as error:
                _log.warning(
                    "recording.not_transcribed",
                    recording=recording.sid,
                    configuration=configuration_id,
                    reason=str(error),
                )

    def admit(self, session: Session, account_sid: str) -> None:
        """Let a recording come in, where its account has it transcribed, as long as it might have one more job.

        Raises:
            RequestError: 20429; see `Quotas.admit`.
        """
        options = recording_configuration(session, account_sid)
        if options is not None and options.features:
            self._quotas.admit(session, account_sid)

    def _transcribe(self, session: Session, source: CallSource, configuration_id: str, base_url: str) -> None:
        recording = source.recording
        request = CreateTranscription(transcription_configuration_id=configuration_id, source_id=recording.sid)
        row = self._transcriptions.prepare(session, recording.account_sid, request, source, base_url)
        # Behind the rules, so that nothing is written for what they refuse.
        if repository.claim_automatic(session, recording.account_sid, recording.sid, configuration_id):
            self._transcriptions.queue(session, row)
            _log.info("recording.transcribed", recording=recording.sid, transcription=row.id)
