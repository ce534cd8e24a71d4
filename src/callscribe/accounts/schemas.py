"""The wire format of accounts and API keys, as in the 2010 API, and of browsers' sessions."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from callscribe.accounts.service import Identity
from callscribe.accounts.tables import Account, ApiKey
from callscribe.characters import LINE
from callscribe.web.legacy_pages import LegacyPage
from callscribe.web.wire import ClosedWire, Rfc2822, Timestamp, Wire, from_row, optional


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


Secret = Annotated[str, Field(min_length=1, max_length=128)]


class SessionRequest(ClosedWire):
    """Who signs in: `sid` and `secret` together, or the `code` of a link."""

    sid: Secret | None = Field(None, description="SID of an account or of an API key.")
    secret: Secret | None = Field(None, description="The account's auth token, or the key's secret.")
    code: Secret | None = Field(None, description="What a link that signs in has behind `signin=`.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = (self.sid is not None, self.secret is not None, self.code is not None)
        if given not in {(True, True, False), (False, False, True)}:
            raise ValueError("must have sid and secret, or code alone")
        return self


class SessionResource(Wire):
    """Who makes a request."""

    account_sid: str
    key_sid: str | None = optional("The API key, where it was signed in with one.")
    is_operator: bool = Field(description="Whether the account is `CALLSCRIBE_ACCOUNT_SID`, or else the first one.")
    expires_at: Timestamp | None = optional("When the browser is signed out; not there for credentials.")

    @classmethod
    def of(cls, identity: Identity, operator_sid: str) -> "SessionResource":
        """From who it is."""
        return cls(
            account_sid=identity.account_sid,
            key_sid=identity.key_sid,
            is_operator=identity.account_sid == operator_sid,
            expires_at=identity.expires_at,
        )
