"""`callscribe accounts`: who may use the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from callscribe.characters import printable
from callscribe.cli.cells import cell
from callscribe.cli.limits import limits
from callscribe.cli.options import Data, account_named, load_settings
from callscribe.cli.retention import retention
from callscribe.errors import RequestError

if TYPE_CHECKING:
    from callscribe.accounts.keys import ApiKeys
    from callscribe.accounts.service import Accounts, Credentials
    from callscribe.db.engine import Database

Sid = Annotated[str, typer.Argument(help="The account's SID.")]

app = typer.Typer(help="List accounts, make one, give one a new token, and its API keys.", no_args_is_help=True)
keys = typer.Typer(help="API keys: other ways into an account, each of which can be revoked.", no_args_is_help=True)
app.add_typer(keys, name="keys")
tokens = typer.Typer(
    help="Two auth tokens while an account changes from one to the other: make the second, give it to its programs, "
    "promote it.",
    no_args_is_help=True,
)
app.add_typer(tokens, name="tokens")
app.command()(limits)
app.command()(retention)


@app.command("list")
def list_accounts(data: Data = None) -> None:
    """Show the accounts. Tokens are not shown: each was, once."""
    table = Table("SID", "Name", "Created", box=None, header_style="bold")
    for account in _accounts(data).every():
        table.add_row(account.sid, cell(account.name), f"{account.created_at:%Y-%m-%d %H:%M} UTC")
    Console().print(table)


@app.command()
def create(name: Annotated[str, typer.Option(help="A name for people.")] = "account", data: Data = None) -> None:
    """Make an account and show its SID and token, once."""
    _check_name(name)
    accounts = _of(_database(data, fresh=True), data)
    accounts.check_key()
    _show(accounts.create(name))


@app.command()
def rotate(
    sid: Annotated[str, typer.Argument(help="The account's SID.")],
    key_lost: Annotated[
        bool,
        typer.Option(
            "--key-lost",
            help="The secret key that the accounts had is lost: take the one that is here, or a new one. Every account "
            "needs a new token then, the oldest first.",
        ),
    ] = False,
    data: Data = None,
) -> None:
    """Give an account a new token. The old one ends at once; callbacks are signed with the new one."""
    accounts = _accounts(data, key_lost=key_lost)
    if not key_lost:
        accounts.check_key()
    credentials = accounts.rotate(sid)
    if credentials is None:
        raise typer.BadParameter(f"there is no account {sid}")
    _show(credentials)
    _remind(sid, data)


@tokens.command("create")
def create_secondary(sid: Sid, data: Data = None) -> None:
    """Give an account a second token, and show it, once. Both are good from then on."""
    with _refused():
        _, token = _checked(data).add_secondary(sid)
    typer.echo(f"Account SID           {sid}\nSecondary auth token  {token}")
    typer.echo("Give it to all programs of the account, then: callscribe accounts tokens promote " + sid)


@tokens.command("promote")
def promote_secondary(sid: Sid, data: Data = None) -> None:
    """Put the second token in the place of the first, which ends. Callbacks are signed with it from then on."""
    with _refused():
        _checked(data).promote_secondary(sid)
    typer.echo(f"{sid} has its secondary auth token as the only one.")
    _remind(sid, data)


@tokens.command("delete")
def delete_secondary(sid: Sid, data: Data = None) -> None:
    """Take the second token back: servers refuse it two seconds later at the latest."""
    with _refused():
        _checked(data).delete_secondary(sid)
    typer.echo(f"{sid} has its primary auth token as the only one.")


@keys.command("create")
def create_key(
    account: Annotated[
        str | None, typer.Argument(help="The account's SID; may be left out where there is one account only.")
    ] = None,
    name: Annotated[str, typer.Option(help="A name for people.")] = "",
    role: Annotated[
        list[str] | None,
        typer.Option(
            help="What it may do: submit, read, read_originals or administer; once for each. Without it, submit, read "
            "and administer, but not see or change who has access.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Make an API key and show its SID and secret, once."""
    from callscribe.accounts.roles import Role

    _check_name(name)
    try:
        roles = [Role(each) for each in role] if role else None
    except ValueError:
        raise typer.BadParameter(f"the roles are {', '.join(Role)}", param_hint="--role") from None
    database = _database(data)
    key, secret = _keys(database).create(account_named(_of(database, data), account), name, roles)
    typer.echo(f"API key SID  {key.sid}\nSecret       {secret}")


@keys.command("list")
def list_keys(
    account: Annotated[str | None, typer.Argument(help="The account's SID; without it the keys of all.")] = None,
    data: Data = None,
) -> None:
    """Show API keys. Secrets are not shown: each was, once."""
    from callscribe.accounts.roles import roles_of

    table = Table("SID", "Account", "Name", "Roles", "Created", box=None, header_style="bold")
    for key in _keys(_database(data)).every(account):
        roles = "standard" if key.roles is None else ", ".join(roles_of(key.roles))
        made = f"{key.created_at:%Y-%m-%d %H:%M} UTC"
        table.add_row(key.sid, key.account_sid, cell(key.friendly_name), roles, made)
    # SIDs are there to be copied: never shortened to a terminal's width.
    Console(width=200).print(table, soft_wrap=True)


@keys.command()
def revoke(sid: Annotated[str, typer.Argument(help="The key's SID.")], data: Data = None) -> None:
    """End an API key: servers refuse it two seconds later at the latest."""
    try:
        _keys(_database(data)).revoke(None, sid)
    except RequestError as error:
        raise typer.BadParameter(f"there is no API key {sid}") from error
    typer.echo(f"{sid} is revoked.")


@contextmanager
def _refused() -> Iterator[None]:
    """What a rule refuses is the fault of what was typed."""
    try:
        yield
    except RequestError as error:
        raise typer.BadParameter(error.detail) from error


def _checked(data: Path | None) -> Accounts:
    accounts = _accounts(data)
    accounts.check_key()
    return accounts


def _remind(sid: str, data: Path | None) -> None:
    if load_settings(data).account_sid == sid:
        typer.echo("CALLSCRIBE_AUTH_TOKEN sets this account's token again at the next start: change it there, too.")


def _check_name(name: str) -> None:
    if len(name) > 64:
        raise typer.BadParameter("a name has 64 characters at most")
    if printable(name) != name:
        raise typer.BadParameter("a name has no control characters")


def _accounts(data: Path | None, *, key_lost: bool = False) -> Accounts:
    return _of(_database(data, key_lost=key_lost), data, key_lost=key_lost)


def _of(database: Database, data: Path | None, *, key_lost: bool = False) -> Accounts:
    from callscribe.accounts.service import Accounts

    return Accounts.of(database, load_settings(data), key_lost=key_lost)


def _keys(database: Database) -> ApiKeys:
    from callscribe.accounts.keys import ApiKeys

    return ApiKeys(database)


def _database(data: Path | None, *, key_lost: bool = False, fresh: bool = False) -> Database:
    from callscribe.preparation import existing, prepare

    settings = load_settings(data)
    database, credentials = prepare(settings if fresh else existing(settings), key_lost=key_lost)
    if credentials is not None:
        _show(credentials)
    return database


def _show(credentials: Credentials) -> None:
    typer.echo(f"Account SID  {credentials.sid}\nAuth token   {credentials.token}")
