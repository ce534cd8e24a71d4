"""`callscribe accounts`: who may use the server."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts, Credentials
from callscribe.cli.options import Data, load_settings
from callscribe.preparation import prepare

app = typer.Typer(help="List accounts, make one, and give one a new token.", no_args_is_help=True)


@app.command("list")
def list_accounts(data: Data = None) -> None:
    """Show the accounts. Tokens are not shown: each was, once."""
    table = Table("SID", "Name", "Created", box=None, header_style="bold")
    for account in _accounts(data).every():
        table.add_row(account.sid, account.name, f"{account.created_at:%Y-%m-%d %H:%M} UTC")
    Console().print(table)


@app.command()
def create(name: Annotated[str, typer.Option(help="A name for people.")] = "account", data: Data = None) -> None:
    """Make an account and show its SID and token, once."""
    _show(_accounts(data).create(name))


@app.command()
def rotate(sid: Annotated[str, typer.Argument(help="The account's SID.")], data: Data = None) -> None:
    """Give an account a new token. The old one ends at once; callbacks are signed with the new one."""
    credentials = _accounts(data).rotate(sid)
    if credentials is None:
        raise typer.BadParameter(f"there is no account {sid}")
    _show(credentials)
    if load_settings(data).account_sid == sid:
        typer.echo("CALLSCRIBE_AUTH_TOKEN sets this account's token again at the next start: change it there, too.")


def _accounts(data: Path | None) -> Accounts:
    settings = load_settings(data)
    database, credentials = prepare(settings)
    if credentials is not None:
        _show(credentials)
    return Accounts(database, TokenCipher.from_settings(settings))


def _show(credentials: Credentials) -> None:
    typer.echo(f"Account SID  {credentials.sid}\nAuth token   {credentials.token}")
