"""Evaluations that were kept."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.db.base import Base, now
from callscribe.db.documents import JsonOf
from callscribe.evaluation.documents import EvaluationReport


class Evaluation(Base):
    """What came of engines over recordings. It is the operator's, and no account's."""

    __tablename__ = "evaluations"
    __table_args__ = (sa.Index("ix_evaluations_list", "created_at", "id"),)

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    title: Mapped[str] = mapped_column(sa.Text)
    """What it was over: a folder's name, say."""
    document: Mapped[EvaluationReport] = mapped_column(JsonOf(EvaluationReport))
