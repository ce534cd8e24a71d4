"""The wire format of accounts and API keys, as in the 2010 API."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from callscribe.accounts.tables import Account, ApiKey
from callscribe.characters import LINE
from callscribe.web.legacy_pages import LegacyPage
from callscribe.web.wire import Rfc2822, from_row


class KeyRequest(BaseModel):
    """Form of POST. What is not known is refused: a policy that is not kept would make a key that may do too much."""

    model_config = ConfigDict(extra="forbid")

    friendly_name: Annotated[str, Field(max_length=64, pattern=LINE)] | None = Field(
        None, alias="FriendlyName", description="A name for people."
    )


class KeyResource(BaseModel):
    """An API key as it is answered."""

    sid: str
    friendly_name: str
    date_created: Rfc2822
    date_updated: Rfc2822

    @classmethod
    def of(cls, row: ApiKey) -> "KeyResource":
        """From its row."""
        return from_row(cls, row, date_created=row.created_at, date_updated=row.updated_at)


class NewKeyResource(KeyResource):
    """The same with its secret, which is shown this once."""

    secret: str


class KeyList(LegacyPage):
    """A page of API keys."""

    keys: list[KeyResource]


class AccountResource(BaseModel):
    """An account as it is answered. Its token is not."""

    sid: str
    owner_account_sid: str
    friendly_name: str
    status: Literal["active"] = "active"
    type: Literal["Full"] = "Full"
    date_created: Rfc2822
    date_updated: Rfc2822
    uri: str
    subresource_uris: dict[str, str]

    @classmethod
    def of(cls, row: Account) -> "AccountResource":
        """From its row."""
        here = f"/2010-04-01/Accounts/{row.sid}"
        return cls(
            sid=row.sid,
            owner_account_sid=row.sid,
            friendly_name=row.name,
            date_created=row.created_at,
            date_updated=row.updated_at,
            uri=f"{here}.json",
            subresource_uris={"keys": f"{here}/Keys.json", "recordings": f"{here}/Recordings.json"},
        )
