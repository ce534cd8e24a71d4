"""Rules for recordings and calls: taking in, finding, listing and deleting them."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callscribe.accounts import repository as account_repository
from callscribe.accounts import usage, usage_repository
from callscribe.accounts.audit import Action, record
from callscribe.accounts.limits import Limits
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.db.paging import Page
from callscribe.durable.queues import WorkQueue
from callscribe.errors import Code, RequestError, found
from callscribe.ids import new_call_sid, new_recording_sid
from callscribe.media.blobs import BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.inspecting import MediaInfo
from callscribe.recordings import repository
from callscribe.recordings.fields import CallStatus, RecordingFields, Source
from callscribe.recordings.intake import STORAGE_WAIT, Incoming, Intakes, NoRoom, check_size, erase
from callscribe.recordings.repository import CallFilters, RecordingFilters
from callscribe.recordings.tables import Call, Recording
from callscribe.settings import Settings
from callscribe.waiting import DATABASE, STORE
from callscribe.web.idempotency import Idempotency

Answer = TypeVar("Answer")
Completed = Callable[[Session, Recording, str], None]
"""Called in the transaction in which a recording becomes completed, with the server's address where it is known."""

Admit = Callable[[Session, str], None]
"""Called with an account before a recording that a client sends is taken; raises a RequestError where it is not."""

UntilRoom = Callable[[Session, str], float]
"""Seconds until an account stores less, as far as that can be known."""


class Recordings:
    """The recordings and calls of every account."""

    def __init__(
        self,
        database: Database,
        queue: WorkQueue,
        blobs: BlobStore,
        decoder: Decoder,
        settings: Settings,
        completed: Completed = lambda _session, _recording, _base_url: None,
        admit: Admit = lambda _session, _account_sid: None,
        until_room: UntilRoom = lambda _session, _account_sid: STORAGE_WAIT,
    ) -> None:
        self._database = database
        self._queue = queue
        self._settings = settings
        self._completed = completed
        self._admit = admit
        self._until_room = until_room
        self._intakes = Intakes(database, blobs, decoder, settings)

    def store(
        self, account_sid: str, fields: RecordingFields, pieces: Iterable[bytes], *, sid: str | None = None
    ) -> Recording:
        """Take in a recording whose audio is at hand. With the `sid` of one that is there, that one is returned.

        The account's quotas do not stop it: it is the operator who does this. It counts for them.

        Raises:
            RequestError: 17554 to 17560, or 20001 where the audio has not the channels that it should have.
        """
        if sid is not None and (known := self._known(account_sid, sid)) is not None:
            return known
        incoming = self._intakes.begin(account_sid, sid or new_recording_sid())
        kept = False
        try:
            info = self._intakes.take(incoming, pieces)

            def work(session: Session) -> tuple[Recording, bool]:
                known = repository.find(session, account_sid, incoming.sid)
                if known is not None:  # by another who was quicker
                    return known, False
                return self._complete(session, incoming, fields, info, "", None), True

            row, kept = self._committed(work)
            return row
        finally:
            if not kept:
                self._intakes.abandon(incoming)

    async def receive(
        self,
        account_sid: str,
        pieces: AsyncIterator[bytes],
        fields: Callable[[], RecordingFields],
        *,
        announced: int = 0,
        base_url: str,
        render: Callable[[Recording], dict[str, Any]],
        repetition: Callable[[Incoming], Idempotency | None],
    ) -> dict[str, Any]:
        """Take in a recording that a client sends; the answer that `render` makes of it.

        Args:
            account_sid: whose it is.
            pieces: the audio.
            fields: what else was sent, asked for when the audio has come to its end.
            announced: bytes that it has at least, as far as that is known.
            base_url: the server's address as the client knows it.
            render: makes the answer.
            repetition: whether this is a request that was answered before, once it is known what was sent.

        Raises:
            RequestError: 17554 to 17560; 17534; 20001 where the audio has not the channels that it should have; 20429,
                a quota of the account is used up.
        """
        limit, room = await DATABASE.run(self._room, account_sid, announced)
        incoming = await DATABASE.run(self._intakes.begin, account_sid, new_recording_sid(), room)
        kept = False
        try:
            info = await self._intakes.receive(incoming, pieces)
            given = fields()
            earlier = repetition(incoming)

            def work(session: Session) -> tuple[dict[str, Any], bool]:
                if earlier is not None and (answer := earlier.recall(session)) is not None:
                    return answer, False
                answer = render(self._complete(session, incoming, given, info, base_url, limit))
                if earlier is not None:
                    earlier.remember(session, answer)
                return answer, True

            answer, kept = await DATABASE.run(self._committed, work)
        except NoRoom as error:
            raise await DATABASE.run(self._no_room, account_sid, error.lacking) from error
        else:
            return answer
        finally:
            if not kept:
                await STORE.run(self._intakes.abandon, incoming)

    def _room(self, account_sid: str, announced: int) -> tuple[int | None, int | None]:
        """Bytes that an account may store, and may still store; None is without a limit.

        Raises:
            RequestError: 20429, not even what is announced; 17560 where it never will.
        """
        with self._database.read() as session:
            self._admit(session, account_sid)
            limit = Limits.of(account_repository.find(session, account_sid), self._settings).stored_bytes
            if limit is None:
                return None, None
            check_size(announced, limit)
            room = limit - usage_repository.stored(session, account_sid)
        if room <= 0 or announced > room:
            raise self._no_room(account_sid, max(announced, 1) - room)
        return limit, room

    def _no_room(self, account_sid: str, lacking: int) -> NoRoom:
        with self._database.read() as session:
            return NoRoom(lacking, self._until_room(session, account_sid))

    def _committed(self, work: Callable[[Session], tuple[Answer, bool]]) -> tuple[Answer, bool]:
        try:
            with self._database.write() as session:
                return work(session)
        except IntegrityError:
            # Somebody else wrote the same key, call or recording at this moment, and is found now.
            with self._database.write() as session:
                return work(session)

    def _complete(
        self,
        session: Session,
        incoming: Incoming,
        fields: RecordingFields,
        info: MediaInfo,
        base_url: str,
        limit: int | None,
    ) -> Recording:
        if fields.channels is not None and int(fields.channels) != info.channels:
            detail = f"Channels is {fields.channels}, and the audio has {info.channels}."
            raise RequestError.at("/Channels", Code.INVALID_PARAMETER, detail)
        if not repository.end_intake(session, incoming.folder):
            raise RequestError(Code.INTERNAL, "The upload stood still for so long that it was given up.")
        call = self._call(session, incoming.account_sid, fields, info)
        source = fields.source or (
            Source.START_CONFERENCE_RECORDING_API if fields.conference_sid else Source.START_CALL_RECORDING_API
        )
        row = Recording(
            account_sid=incoming.account_sid,
            sid=incoming.sid,
            call_sid=call and call.sid,
            conference_sid=fields.conference_sid,
            start_time=fields.start_time,
            source=source.value,
            container=info.container,
            codec=info.codec,
            channels=info.channels,
            sample_rate=info.sample_rate,
            duration=info.duration,
            size=incoming.size,
            sha256=incoming.sha256,
            blobs=incoming.folder,
        )
        session.add(row)
        session.flush()
        record(session, row.account_sid, Action.RECORDING_CREATED, row.sid)
        self._completed(session, row, base_url)
        # Of several that come in at the same time, some may have no room any more.
        if not usage.store_within(session, incoming.account_sid, incoming.size, limit):
            raise NoRoom(usage_repository.stored(session, incoming.account_sid) + incoming.size - (limit or 0))
        return row

    def _call(self, session: Session, account_sid: str, fields: RecordingFields, info: MediaInfo) -> Call | None:
        if not fields.tells_of_a_call:
            return None
        call = self.put_call(session, account_sid, fields)
        if call.duration is None:  # nobody said how long the call was: about as long as its recording
            call.duration = info.duration
        if call.end_time is None and call.start_time is not None and call.duration is not None:
            call.end_time = call.start_time + timedelta(seconds=call.duration)
        return call

    def put_call(self, session: Session, account_sid: str, fields: RecordingFields) -> Call:
        """The call with these fields: a new one, or the one that is known, with what is given changed.

        A start is only ever moved back: a later recording of a call does not begin it anew.
        """
        sid = fields.call_sid
        row = repository.find_call(session, account_sid, sid) if sid is not None else None
        if row is None:
            row = Call(account_sid=account_sid, sid=sid or new_call_sid(), status=CallStatus.COMPLETED.value)
            session.add(row)
        row.from_ = fields.from_ or row.from_
        row.to = fields.to or row.to
        row.direction = fields.direction.value if fields.direction else row.direction
        if fields.start_time is not None:
            row.start_time = min(row.start_time or fields.start_time, fields.start_time)
        row.date_updated = now()
        session.flush()
        return row

    # What clients ask for.

    def fetch(self, account_sid: str, sid: str, *, call_sid: str | None = None) -> Recording:
        """One recording; of that call, where one is named.

        Raises:
            RequestError: 20404.
        """
        row = self._known(account_sid, sid)
        if row is None or (call_sid is not None and row.call_sid != call_sid):
            raise RequestError(Code.NOT_FOUND, f"There is no recording {sid}.")
        return row

    def has(self, account_sid: str, sid: str) -> bool:
        """Whether the account has a recording with this SID."""
        return self._known(account_sid, sid) is not None

    def is_there(self, row: Recording) -> bool:
        """Whether a recording has not been deleted since."""
        known = self._known(row.account_sid, row.sid)
        return known is not None and known.blobs == row.blobs

    def page(self, account_sid: str, filters: RecordingFilters, token: str | None, size: int) -> Page[Recording]:
        """A page, newest first."""
        with self._database.read() as session:
            return repository.page(session, account_sid, filters, token, size)

    def calls_of(self, account_sid: str, rows: Sequence[Recording]) -> dict[str, Call]:
        """The calls of the account's recordings by their SIDs, as far as they are known."""
        with self._database.read() as session:
            return repository.calls_of(session, account_sid, rows)

    def delete(self, account_sid: str, sid: str, *, call_sid: str | None = None) -> None:
        """Remove a recording. Its audio is erased, durably; its call stays, and so does what was made of it.

        Raises:
            RequestError: 20404.
        """
        self.fetch(account_sid, sid, call_sid=call_sid)
        with self._database.write() as session:
            row = found(repository.delete(session, account_sid, sid), f"recording {sid}")
            record(session, account_sid, Action.RECORDING_DELETED, sid)
            if row.blobs is not None:
                erase(session, self._queue, account_sid, sid, row.blobs)

    def fetch_call(self, account_sid: str, sid: str) -> Call:
        """One call.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            return found(repository.find_call(session, account_sid, sid), f"call {sid}")

    def page_calls(self, account_sid: str, filters: CallFilters, token: str | None, size: int) -> Page[Call]:
        """A page, newest first."""
        with self._database.read() as session:
            return repository.page_calls(session, account_sid, filters, token, size)

    def delete_call(self, account_sid: str, sid: str) -> None:
        """Forget a call; its recordings stay.

        Raises:
            RequestError: 20404.
        """
        with self._database.write() as session:
            if not repository.delete_call(session, account_sid, sid):
                raise RequestError(Code.NOT_FOUND, f"There is no call {sid}.")
            record(session, account_sid, Action.CALL_DELETED, sid)

    def _known(self, account_sid: str, sid: str) -> Recording | None:
        with self._database.read() as session:
            return repository.find(session, account_sid, sid)
