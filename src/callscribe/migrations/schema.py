"""Which schema the database has, and whether this version of the program can work with it.

The schema only ever grows while versions of the program overlap: a revision adds what the next version needs (expand),
and what nobody uses any more goes in a revision of a later version (contract). A revision that contracts has a line
`compatible_from = "…"`: the oldest revision whose program can work with the schema from then on. It is kept in the
database, so that an older program, which does not know the revision, can tell whether it may start.
"""

from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script, ScriptDirectory

from callscribe.db.engine import Database
from callscribe.errors import SetupError
from callscribe.migrations.dbos_schema import versions

VERSION_TABLE = "callscribe_revision"

_compatibility = sa.table("schema_compatibility", sa.column("revision"), sa.column("oldest"))


class Fit(Enum):
    """How the database's schema stands to this version of the program."""

    CURRENT = "it is the one of this version"
    NEWER = "it is of a newer version, and this one can work with it"
    BEHIND = "it is of an older version, or not there"
    TOO_NEW = "it is of a newer version, and this one cannot work with it"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """What was found in the database, and what this version brings."""

    revision: str | None
    """Of the database; None where it is empty."""
    head: str
    """The last that this version knows."""
    oldest: str | None
    """The oldest revision whose program can work with the schema, where the database says so."""
    known: frozenset[str]
    """Every revision that this version knows."""
    queues: int
    """Revision of DBOS's own tables in the database; 0 where they are not there."""
    queues_head: int
    """The one that this version's DBOS brings."""

    @property
    def fit(self) -> Fit:
        """Whether this version can work with it."""
        newer = self.revision is not None and self.revision not in self.known
        if newer and self.oldest not in self.known:
            return Fit.TOO_NEW
        if self.queues < self.queues_head or (not newer and self.revision != self.head):
            return Fit.BEHIND
        return Fit.NEWER if newer else Fit.CURRENT


def scripts() -> ScriptDirectory:
    """The revisions that this version brings."""
    return ScriptDirectory.from_config(config())


def config() -> Config:
    """Alembic's configuration: where the revisions are."""
    made = Config()
    made.set_main_option("script_location", "callscribe:migrations")
    return made


def state(database: Database) -> SchemaState:
    """Look at the database; changes nothing."""
    directory = scripts()
    head = directory.get_current_head()
    assert head is not None
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        revision = context.get_current_revision()
        oldest = None
        if revision is not None:
            oldest = connection.scalar(sa.select(_compatibility.c.oldest).where(_compatibility.c.revision == revision))
    queues, queues_head = versions(database)
    return SchemaState(
        revision=revision,
        head=head,
        oldest=oldest,
        known=frozenset(script.revision for script in directory.walk_revisions()),
        queues=queues,
        queues_head=queues_head,
    )


def check(database: Database) -> SchemaState:
    """Make sure that this version can work with the schema; changes nothing.

    Raises:
        SetupError: it cannot. The message says what to do.
    """
    found = state(database)
    if found.fit is Fit.BEHIND:
        shown = database.engine.url.render_as_string(hide_password=True)
        has = f"has the schema of revision {found.revision}" if found.revision else "has no schema"
        raise SetupError(
            f"The database {shown} {has}, and this version needs {found.head} (for its queues {found.queues_head}, "
            f"there are {found.queues}). Run `callscribe migrate` once, with the same settings."
        )
    refuse_too_new(found)
    return found


def refuse_too_new(found: SchemaState) -> None:
    """End a program that is too old.

    Raises:
        SetupError: a newer version has changed the schema in a way that this one cannot follow.
    """
    if found.fit is Fit.TOO_NEW:
        from_ = f" Versions from revision {found.oldest} on can." if found.oldest else ""
        raise SetupError(
            f"The database's schema is that of a newer version of callscribe (revision {found.revision}), and this "
            f"version, whose last is {found.head}, cannot work with it.{from_} Install a newer version."
        )


def note_compatibility(ctx: MigrationContext, step: MigrationInfo, *_: object, **__: object) -> None:
    """Write down, in a revision's own transaction, who can work with the schema from here on."""
    script = step.up_revision
    connection = ctx.connection
    assert isinstance(script, Script)
    assert connection is not None
    oldest = getattr(script.module, "compatible_from", None) or connection.scalar(sa.select(_compatibility.c.oldest))
    connection.execute(sa.delete(_compatibility))
    connection.execute(sa.insert(_compatibility).values(revision=script.revision, oldest=oldest))
