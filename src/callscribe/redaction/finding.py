"""Entities in what was said."""

from collections.abc import Collection, Iterator, Sequence

from callscribe.redaction.addresses import addresses
from callscribe.redaction.context import Context, context_of
from callscribe.redaction.credentials import credentials
from callscribe.redaction.dates import dates
from callscribe.redaction.emails import emails
from callscribe.redaction.entities import Entity
from callscribe.redaction.hits import Hit, merged
from callscribe.redaction.names import names as find_names
from callscribe.redaction.numbers import numbers
from callscribe.redaction.said import Found, Said

__all__ = ["Found", "Said", "find"]


def find(sentences: Sequence[Said], wanted: Collection[Entity], names: Sequence[str] = ()) -> list[Found]:
    """Every entity of the wanted kinds, in order and without overlap; one over several sentences is in each of them.

    `names` are the parties' own, as the request gave them. It takes time in proportion to the words.
    """
    context = context_of(sentences)
    return merged(context.stream, _hits(context, frozenset(wanted), names), frozenset(wanted))


def _hits(context: Context, wanted: Collection[Entity], names: Sequence[str]) -> Iterator[Hit]:
    yield from numbers(context)
    if Entity.EMAIL_ADDRESS in wanted:
        yield from emails(context)
    if {Entity.DATE_OF_BIRTH, Entity.CARD_EXPIRY, Entity.CARD_CVV} & set(wanted):
        yield from dates(context)
    if {Entity.USERNAME, Entity.PASSWORD} & set(wanted):
        yield from credentials(context)
    if Entity.ADDRESS in wanted:
        yield from addresses(context)
    if Entity.NAME in wanted:
        yield from find_names(context, names)
