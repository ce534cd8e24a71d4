"""The search index: what is said in a call goes in, is replaced, and goes out. Each in the caller's transaction."""

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.sealed import owned, vault_of
from callscribe.search import terms
from callscribe.search.matching import matching
from callscribe.search.tables import SPOKEN, Call, SearchDocument, Spoken, SpokenSentence, number_at
from callscribe.search.words import words
from callscribe.speech.languages import language_code


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call as the index takes it; made before the transaction, since that takes a while for a long one."""

    call: Call
    spoken: bytes
    terms: str

    @classmethod
    def of(cls, call: Call, sentences: Sequence[SpokenSentence]) -> "Prepared":
        """From all that is said in it, in order."""
        spoken = _columns(sentences)
        return cls(call, zlib.compress(SPOKEN.dump_json(spoken)), " ".join(terms.of_call(call, spoken.words)))


def replace(session: Session, prepared: Prepared) -> None:
    """Have a call found by these sentences, and by nothing that was said of it before. Twice is as once.

    The caller has the transcription's row locked, or is the only writer.
    """
    call = prepared.call
    remove(session, [call.transcription_id])
    number = number_at(call.created_at)
    while session.scalar(sa.select(SearchDocument.number).where(SearchDocument.number == number)) is not None:
        number += 1  # should another take this one at the same moment, the transaction fails, and is tried again
    row = {
        "number": number,
        "account_sid": call.account_sid,
        "transcription_id": call.transcription_id,
        "spoken": prepared.spoken,
        "terms": matching(session).put(session, number, _terms(session, prepared)),
    }
    session.execute(sa.insert(SearchDocument), owned(SearchDocument, row))


def reseal(session: Session, document: SearchDocument, call: Call) -> bool:
    """Have a call found as it would be if it were put in now; False where its key was erased."""
    if document.spoken is None:
        return False
    spoken = SPOKEN.validate_json(zlib.decompress(document.spoken))
    prepared = Prepared(call, document.spoken, " ".join(terms.of_call(call, spoken.words)))
    matching(session).drop(session, [(document.number, document.terms)])
    kept = matching(session).put(session, document.number, _terms(session, prepared))
    values = owned(SearchDocument, {"spoken": document.spoken, "terms": kept}, call.account_sid)
    session.execute(sa.update(SearchDocument).where(SearchDocument.number == document.number).values(values))
    return True


def remove(session: Session, transcription_ids: Collection[str]) -> None:
    """Have nobody find these calls any more."""
    of = SearchDocument.transcription_id.in_(transcription_ids)
    rows = session.execute(sa.select(SearchDocument.number, SearchDocument.terms).where(of))
    if documents := [(number, kept) for number, kept in rows]:
        matching(session).drop(session, documents)
        session.execute(sa.delete(SearchDocument).where(of))


def _terms(session: Session, prepared: Prepared) -> str:
    """What the index is given: hashes by the account's key, where what it has is sealed."""
    account_sid = prepared.call.account_sid
    vault = vault_of(session.connection())
    key = None if vault is None else vault.key_of(account_sid)
    return prepared.terms if key is None else " ".join(sorted(terms.hashed(account_sid, key, prepared.terms.split())))


def _columns(sentences: Sequence[SpokenSentence]) -> Spoken:
    languages = [language_code(each.language) or "" for each in sentences]
    said: dict[str, dict[str, None]] = {}
    for sentence, language in zip(sentences, languages, strict=True):
        said.setdefault(language, {}).update(dict.fromkeys(words(sentence.text)))
    return Spoken(
        texts=[each.text for each in sentences],
        channels=[each.channel for each in sentences],
        participants=[each.participant for each in sentences],
        starts=[each.start for each in sentences],
        languages=languages,
        words={language: list(every) for language, every in said.items()},
    )
