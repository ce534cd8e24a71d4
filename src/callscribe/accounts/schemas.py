"""The wire format of accounts and API keys, as in the 2010 API, and of browsers' sessions."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from callscribe.accounts.roles import Role, in_order, roles_of
from callscribe.accounts.service import Identity
from callscribe.accounts.tables import Account, ApiKey, AuditEvent
from callscribe.characters import LINE
from callscribe.web.legacy_pages import LegacyPage
from callscribe.web.wire import (
    ClosedWire,
    ListMeta,
    Milliseconds,
    Rfc2822,
    Timestamp,
    Wire,
    from_row,
    optional,
)


class KeyRequest(BaseModel):
    """Form of POST. What is not known is refused: a policy that is not kept would make a key that may do too much."""

    model_config = ConfigDict(extra="forbid")

    friendly_name: Annotated[str, Field(max_length=64, pattern=LINE)] | None = Field(
        None, alias="FriendlyName", description="A name for people."
    )


class NewKeyRequest(KeyRequest):
    """The same to make one."""

    roles: list[Role] = Field(
        default_factory=list,
        alias="Roles",
        max_length=len(Role),
        description="An addition: what it may do, each in a `Roles` of its own. Without any it is a standard key: "
        "it may submit, read and administer, but not see or change who has access.",
    )


class KeyResource(BaseModel):
    """An API key as it is answered."""

    sid: str
    friendly_name: str
    date_created: Rfc2822
    date_updated: Rfc2822
    roles: list[Role] = Field(description="An addition: what it may do.")
    standard: bool = Field(
        description="An addition: whether it was made without roles, so that it may not see or change who has access."
    )

    @classmethod
    def of(cls, row: ApiKey) -> "KeyResource":
        """From its row."""
        dates = {"date_created": row.created_at, "date_updated": row.updated_at}
        return from_row(cls, row, **dates, roles=roles_of(row.roles), standard=row.roles is None)


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


class SecondaryToken(BaseModel):
    """An auth token that is good beside the primary, which is shown this once."""

    account_sid: str
    date_created: Timestamp
    date_updated: Timestamp
    secondary_auth_token: str
    url: str

    @classmethod
    def of(cls, row: Account, token: str) -> "SecondaryToken":
        """Of the account's row, and the token."""
        return cls(secondary_auth_token=token, **_of_token(row, "Secondary"))


class PromotedToken(BaseModel):
    """The auth token that is the primary now."""

    account_sid: str
    auth_token: str
    date_created: Timestamp
    date_updated: Timestamp
    url: str

    @classmethod
    def of(cls, row: Account, token: str) -> "PromotedToken":
        """Of the account's row, and the token."""
        return cls(auth_token=token, **_of_token(row, "Promote"))


def _of_token(row: Account, name: str) -> dict[str, Any]:
    dates = {"date_created": row.created_at, "date_updated": row.updated_at}
    return {"account_sid": row.sid, **dates, "url": f"/v1/AuthTokens/{name}"}


class AuditEventResource(Wire):
    """A line of the audit log."""

    id: str
    created_at: Milliseconds
    action: str = Field(description="What was done, such as `transcript.read`.")
    subject: str | None = optional("The id of what it was done to; not there where that is the account, or a list.")
    actor: str = Field(
        description="The SID of the account (by its auth token) or of an API key; `operator` is the command line, "
        "`callscribe` the program itself."
    )
    way: str = Field(
        description="How the actor came in: `token`, `key`, `session`, `command` or `program`; `none` "
        "where the token or secret was wrong."
    )
    address: str | None = optional("Of the client.")
    request_id: str | None = optional("Of the request, as `X-Request-Id`.")
    detail: dict[str, Any] | None = optional("What else there is to say of it; nothing of what was said or is secret.")

    @classmethod
    def of(cls, row: AuditEvent) -> "AuditEventResource":
        """From its row."""
        return from_row(cls, row)


class AuditEventListMeta(ListMeta):
    """Where a page stands in its list."""

    key: Literal["events"] = "events"


class AuditEventList(Wire):
    """A page of the audit log, newest first."""

    events: list[AuditEventResource]
    meta: AuditEventListMeta


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
    name: str = Field(description="Of the API key, or of the account.")
    roles: list[Role] = Field(description="What whoever makes the request may do.")
    manages_access: bool = Field(description="Whether that is to see and change who has access: keys, the audit log.")
    has_secondary_token: bool | None = optional(
        "Whether the account has a second auth token; not there for who came in by an API key."
    )
    is_operator: bool = Field(description="Whether the account is `CALLSCRIBE_ACCOUNT_SID`, or else the first one.")
    expires_at: Timestamp | None = optional("When the browser is signed out; not there for credentials.")

    @classmethod
    def of(cls, identity: Identity, account: Account, key: ApiKey | None, operator_sid: str) -> "SessionResource":
        """From who it is."""
        return cls(
            name=account.name if key is None else key.friendly_name,
            has_secondary_token=account.secondary_hash is not None if key is None else None,
            roles=in_order(identity.roles),
            manages_access=identity.manages_access,
            account_sid=identity.account_sid,
            key_sid=identity.key_sid,
            is_operator=identity.account_sid == operator_sid,
            expires_at=identity.expires_at,
        )
