"""Keeping evaluations, and looking at those that were kept."""

import sqlalchemy as sa

from callscribe.accounts.audit import Action, record
from callscribe.db.engine import Database
from callscribe.db.paging import Page, fetch_page
from callscribe.errors import found
from callscribe.evaluation.documents import EvaluationReport
from callscribe.evaluation.tables import Evaluation
from callscribe.ids import new_evaluation_id


class Evaluations:
    """The evaluations of an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, title: str, report: EvaluationReport) -> Evaluation:
        """Keep what came of one."""
        row = Evaluation(id=new_evaluation_id(), title=title, document=report)
        with self._database.write() as session:
            session.add(row)
        return row

    def page(self, token: str | None, size: int) -> Page[Evaluation]:
        """A page of them, newest first.

        Raises:
            RequestError: 20001, the token is not one of ours.
        """
        with self._database.read() as session:
            return fetch_page(session, sa.select(Evaluation), (Evaluation.created_at, Evaluation.id), token, size)

    def fetch(self, evaluation_id: str) -> Evaluation:
        """One of them.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            return found(session.get(Evaluation, evaluation_id), f"evaluation {evaluation_id}")

    def delete(self, account_sid: str, evaluation_id: str) -> None:
        """Remove one, for the operator's account.

        Raises:
            RequestError: 20404.
        """
        gone = sa.delete(Evaluation).where(Evaluation.id == evaluation_id).returning(Evaluation.id)
        with self._database.write() as session:
            found(session.scalar(gone), f"evaluation {evaluation_id}")
            record(session, account_sid, Action.EVALUATION_DELETED, evaluation_id)
