"""Whether an account may have one more job, and when to ask again where it may not.

What an account has in hand is not kept in a counter, which every create would wait for: it is counted from an index,
at most once in `REFRESH` seconds for each account that creates jobs, and this process's own creates are added
meanwhile. So a limit is exceeded at most by what other processes accept in that time, and by what recordings that are
transcribed by themselves bring.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from callscribe.accounts import repository as account_repository
from callscribe.accounts import usage, usage_repository
from callscribe.accounts.limits import Limits
from callscribe.accounts.retention import Retention, of_settings
from callscribe.accounts.tables import AccountStorage
from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError
from callscribe.recordings import repository as recording_repository
from callscribe.recordings.intake import STORAGE_WAIT
from callscribe.settings import Settings
from callscribe.transcriptions import repository

REFRESH = 1.0
"""Seconds for which what was counted is taken to be so still. Counting many takes time: see `_SHARE`."""

_SHARE = 50
"""What was counted holds for so many times as long as counting took: 2 % of the time at most goes into it."""

LONGEST_WAIT = 600
"""Seconds: the most that is said of jobs that wait, however slowly they end."""

ERASURE_DELAY = 60
"""Seconds from when something is due to when it has been swept."""

STALE = 15.0
"""Seconds after which what was counted is of no more use."""

MOST_COUNTED = 10_000
"""Jobs that are counted beyond the limit, at most."""

_SLOW = 0.005
"""Seconds: counting that takes longer is done beside the requests."""

_FORGET = 600.0
"""Seconds after which an account that creates no jobs is forgotten."""

COUNTED_ANEW = 24 * 3600.0
"""Seconds between two counts of what an account stores."""

BATCH = 200
"""Accounts that one round of housekeeping counts."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Standing:
    """What an account may use and uses, as it was counted at `moment` of this process's clock."""

    limits: Limits
    jobs: int
    """Transcriptions that have not ended, with those that this process made since."""
    stored_bytes: int
    activity: usage.Activity
    moment: float = 0.0
    cost: float = 0.0
    """Seconds that counting took."""
    refreshing: bool = False
    added: int = 0
    """Jobs that this process made since the counting began that is under way."""

    @property
    def holds(self) -> float:
        """Seconds for which it is taken to be so still."""
        return max(REFRESH, self.cost * _SHARE)


class Quotas:
    """The quotas of new jobs, for one process. Safe to call from several threads."""

    def __init__(self, database: Database, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._standings: dict[str, Standing] = {}
        self._lock = threading.Lock()

    def admit(self, session: Session, account_sid: str) -> None:
        """Let a job be made; writes nothing.

        Raises:
            RequestError: 20429, with the limit that is reached, what is used of it, and when there will be room.
        """
        standing = self._standing(session, account_sid)
        limits = standing.limits
        if limits.jobs_waiting is not None and standing.jobs >= limits.jobs_waiting:
            raise _full(
                f"{standing.jobs} transcriptions of this account are waiting or running, of {limits.jobs_waiting} "
                "that may be.",
                self._until_one_ends(standing, limits.jobs_waiting),
            )
        audio = standing.activity.audio_seconds
        if limits.audio_hours is not None and audio >= limits.audio_hours * usage.HOUR:
            raise _full(
                f"{audio / usage.HOUR:.1f} hours of audio were transcribed for this account in the last 24 hours, of "
                f"{limits.audio_hours:g} that may be.",
                standing.activity.seconds_until_audio(limits.audio_hours * usage.HOUR),
            )
        if limits.stored_bytes is not None and standing.stored_bytes >= limits.stored_bytes:
            raise _full(
                f"This account stores {standing.stored_bytes} bytes, of {limits.stored_bytes} that it may. Delete "
                "transcriptions or recordings that are done with.",
                self.until_room(session, account_sid),
            )

    def added(self, account_sid: str) -> None:
        """Say that a job was made. Where its transaction fails, it counts until the next look."""
        with self._lock:
            standing = self._standings.get(account_sid)
            if standing is not None:
                standing.jobs += 1
                standing.added += 1

    def _standing(self, session: Session, account_sid: str) -> Standing:
        with self._lock:
            known = self._standings.get(account_sid)
            if known is not None:
                age = self._clock() - known.moment
                if age < known.holds or (known.refreshing and age < STALE):
                    return known
                if known.cost > _SLOW and age < STALE:
                    # Nobody's create waits for the counting of a long backlog.
                    known.refreshing, known.added = True, 0
                    threading.Thread(
                        target=self._refresh, args=(account_sid, known), name="quotas", daemon=True
                    ).start()
                    return known
        return self._count(session, account_sid, None)

    def _refresh(self, account_sid: str, known: Standing) -> None:
        try:
            with self._database.read() as session:
                self._count(session, account_sid, known)
        except Exception:  # noqa: BLE001  who comes next tries again, and is told
            _log.exception("quotas.not_counted", account=account_sid)
        finally:
            known.refreshing = False

    def _count(self, session: Session, account_sid: str, earlier: Standing | None) -> Standing:
        begun = self._clock()
        standing = use_of(session, account_sid, self._settings)
        now = self._clock()
        standing.moment, standing.cost = begun, now - begun
        with self._lock:
            if earlier is not None:
                standing.jobs += earlier.added  # some of them perhaps twice, until the next look
            self._standings[account_sid] = standing
            if len(self._standings) > BATCH:
                for sid in [sid for sid, each in self._standings.items() if now - each.moment > _FORGET]:
                    del self._standings[sid]
        return standing

    def until_room(self, session: Session, account_sid: str) -> float:
        """Seconds until retention has erased something of an account; `STORAGE_WAIT` where it never will."""
        account = account_repository.find(session, account_sid)
        days = Retention.of(account.retention if account else None, of_settings(self._settings)).recording
        waits = [
            repository.until_next_erasure(session, account_sid),
            None if days is None else recording_repository.until_next_erasure(session, account_sid, timedelta(days)),
        ]
        next_one = min((wait for wait in waits if wait is not None), default=None)
        return STORAGE_WAIT if next_one is None else max(0.0, next_one.total_seconds()) + ERASURE_DELAY

    def _until_one_ends(self, standing: Standing, limit: int) -> float:
        """Seconds until there is room for one, at the rate at which the account's jobs ended lately."""
        rate = standing.activity.jobs_a_second
        if rate <= 0:
            return LONGEST_WAIT
        # Room is seen at the next look.
        return min(max((standing.jobs - limit + 1) / rate, standing.holds), LONGEST_WAIT)


def use_of(session: Session, account_sid: str, settings: Settings) -> Standing:
    """What an account may use, and uses at this moment."""
    limits = Limits.of(account_repository.find(session, account_sid), settings)
    return Standing(
        limits=limits,
        # How far it is beyond the limit matters for the wait, and no more than that.
        jobs=repository.count_unfinished(session, account_sid, (limits.jobs_waiting or 0) + MOST_COUNTED),
        stored_bytes=usage_repository.stored(session, account_sid),
        activity=usage.activity(session, account_sid),
    )


def _full(detail: str, seconds: float) -> RequestError:
    wait = max(1, math.ceil(seconds))
    return RequestError(Code.TOO_MANY_REQUESTS, f"{detail} Try again in {wait} seconds.", retry_after=wait)


def keep_house(database: Database) -> None:
    """Forget activity that counts no more, and count what some accounts store anew; see `BATCH`."""
    with database.write() as session:
        usage_repository.forget_activity(session)
    sums = [of.sum_stored(AccountStorage.account_sid) for of in (repository, recording_repository)]
    with database.write() as session:
        claimed = usage_repository.claim_oldest(session, COUNTED_ANEW, BATCH)
    for account_sid, moment in claimed.items():
        with database.read() as session:
            count = usage_repository.count(session, account_sid, moment, *sums)
        with database.write() as session:
            changed = usage_repository.put_right(session, count)
        if changed and count.counted != count.said:
            _log.info("quotas.counted_anew", account=count.account_sid, bytes=count.counted, before=count.said)
