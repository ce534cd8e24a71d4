"""`Idempotency-Key`: the same request twice makes one resource, and both get the same answer."""

import hashlib
import json
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.base import now
from callscribe.errors import Code, RequestError
from callscribe.web.tables import IdempotentAnswer

WINDOW = timedelta(hours=24)
MAX_KEY_LENGTH = 128


class Idempotency:
    """One request with a key. Both methods run in the transaction that makes the resource."""

    def __init__(self, account_sid: str, key: str, payload: Any) -> None:
        if not 1 <= len(key) <= MAX_KEY_LENGTH:
            raise RequestError(Code.INVALID_PARAMETER, f"Idempotency-Key must have 1 to {MAX_KEY_LENGTH} characters.")
        self._account_sid = account_sid
        self._key = key
        canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"))
        self._hash = hashlib.sha256(canonical.encode()).hexdigest()

    def recall(self, session: Session) -> dict[str, Any] | None:
        """The answer that the first request got within the window, if there was one.

        Raises:
            RequestError: 17534, the first request had another payload.
        """
        row = session.get(IdempotentAnswer, (self._account_sid, self._key))
        if row is None:
            return None
        if now() - row.created_at >= WINDOW or not row.answer:  # the latter once the account's key was erased
            session.delete(row)
            session.flush()
            return None
        if row.payload_hash != self._hash:
            raise RequestError(
                Code.IDEMPOTENCY_MISMATCH, "This Idempotency-Key was used with another payload; use a new key."
            )
        return row.answer

    def remember(self, session: Session, answer: dict[str, Any]) -> None:
        """Keep the answer for those who ask again."""
        session.add(
            IdempotentAnswer(
                account_sid=self._account_sid,
                key=self._key,
                payload_hash=self._hash,
                subject_id=_subject(answer),
                answer=answer,
            )
        )
        session.flush()


def once(session: Session, repetition: Idempotency | None, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer that was given before, or that of `work`, which is kept in the same transaction."""
    if repetition is None:
        return work()
    earlier = repetition.recall(session)
    if earlier is not None:
        return earlier
    answer = work()
    repetition.remember(session, answer)
    return answer


def _subject(answer: dict[str, Any]) -> str | None:
    """The id of what an answer is about: of the whole, where that is a part."""
    resource = answer.get("transcription") or answer.get("document") or answer
    return resource.get("conversationId") or resource.get("id") or resource.get("sid")


def forget_about(session: Session, account_sid: str, subject_ids: Collection[str]) -> None:
    """Remove the answers about what is deleted."""
    about = IdempotentAnswer.account_sid == account_sid, IdempotentAnswer.subject_id.in_(subject_ids)
    session.execute(sa.delete(IdempotentAnswer).where(*about))


def forget_expired(session: Session) -> None:
    """Remove answers that are past the window."""
    session.execute(sa.delete(IdempotentAnswer).where(IdempotentAnswer.created_at < now() - WINDOW))
