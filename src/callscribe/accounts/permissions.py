"""Which endpoint needs which role, and what of it the audit log has. All of them stand here, and nowhere else.

`AuthenticatedRoute` looks here before it reads a body; an endpoint that is not listed is refused to everybody.
`tests/contract/test_roles.py` compares the list with the OpenAPI document. What changes something is logged where it is
changed; what is read is logged by the `action` that stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from callscribe.accounts.audit import Action
from callscribe.accounts.roles import Role, lacking
from callscribe.accounts.service import Identity
from callscribe.errors import Code, RequestError


@dataclass(frozen=True, slots=True)
class Need:
    """What an endpoint needs of whoever asks."""

    roles: tuple[Role, ...] = ()
    """All of them; none is that every key may."""
    either: tuple[Role, ...] = ()
    """One of them at least."""
    of_access: bool = False
    """It shows or changes who has access, which a standard key may not."""
    of_token: bool = False
    """It gives out the auth token, which has all roles: nobody without it may."""
    action: Action | None = None
    """What a request that is answered does, for the audit log."""
    subject: str | None = None
    """The parameter of the path that names what it does it to."""
    detail: tuple[str, ...] = ()
    """Parameters of path and query that go along, all of them of few values that are known."""
    only_with: str | None = None
    """The parameter of the query without which nothing is logged."""

    def check(self, identity: Identity) -> None:
        """Make sure that somebody may.

        Raises:
            RequestError: 20403, a role is missing.
        """
        if self.of_token and identity.key_sid is not None:
            raise RequestError(Code.FORBIDDEN, "This needs the account's auth token; an API key may not do it.")
        if missing := [role for role in self.roles if not identity.may(role)]:
            raise lacking(missing)
        if self.either and not any(identity.may(role) for role in self.either):
            raise lacking(self.either, any_of=True)
        if self.of_access and not identity.manages_access:
            detail = (
                "This needs the account's auth token, or an API key that was made with the role `administer`; a key "
                "that was made without roles may not see or change who has access."
            )
            raise RequestError(Code.FORBIDDEN, detail)


_SUBMIT: Final = Need((Role.SUBMIT,))
_READ: Final = Need((Role.READ,))
_EDIT: Final = Need((Role.SUBMIT, Role.READ))
"""Who changes what is there sees it, and adds to it."""
_ADMINISTER: Final = Need((Role.ADMINISTER,))
_FOLLOW: Final = Need(either=(Role.SUBMIT, Role.READ))
"""How a job is doing, by its id: nothing of what was said."""
_ACCESS: Final = Need((Role.ADMINISTER,), of_access=True)
_TOKEN: Final = Need(tuple(Role), of_token=True)
_EVERYBODY: Final = Need()


def _reading(action: Action, subject: str | None = None, *detail: str, only_with: str | None = None) -> Need:
    return Need((Role.READ,), action=action, subject=subject, detail=detail, only_with=only_with)


_ACCOUNT: Final = "/2010-04-01/Accounts/{account_sid}"
_RECORDING: Final = _ACCOUNT + "/Recordings/{recording_sid}"
_CALL: Final = _ACCOUNT + "/Calls/{call_sid}"
_TRANSCRIPTION: Final = "/v3/Transcriptions/{transcription_id}"
_CONVERSATION: Final = "/v2/Conversations/{conversation_id}"
_CONTROL: Final = "/v2/ControlPlane/Configurations"


def _of_configurations(kind: str) -> dict[str, Need]:
    configurations = f"/v2/Configurations/{kind}"
    one, default = configurations + "/{id_or_unique_name}", f"{configurations}/Default"
    of_account = f"/v2/AccountDefaultConfiguration/{kind}"
    read = [f"GET {path}" for path in (configurations, default, one, of_account)]
    changed = [f"POST {path}" for path in (configurations, default, of_account)]
    changed += [f"{method} {path}" for path in (one, of_account) for method in ("PUT", "DELETE")]
    return dict.fromkeys(changed, _ADMINISTER) | dict.fromkeys(read, _EVERYBODY)


NEEDS: Final[Mapping[str, Need]] = {
    "POST /v3/Transcriptions": _SUBMIT,
    "GET /v3/Transcriptions": _reading(Action.CALLS_SEARCHED, only_with="search"),
    f"GET {_TRANSCRIPTION}": _FOLLOW,
    f"DELETE {_TRANSCRIPTION}": _ADMINISTER,
    f"GET {_TRANSCRIPTION}/Transcript": _reading(Action.TRANSCRIPT_READ, "transcription_id", "version"),
    f"GET {_TRANSCRIPTION}/Transcript.{{format_}}": _reading(
        Action.TRANSCRIPT_EXPORTED, "transcription_id", "format_", "version"
    ),
    f"PATCH {_TRANSCRIPTION}/Transcript": _EDIT,
    f"GET {_TRANSCRIPTION}/Transcript/Versions": _READ,
    f"GET {_TRANSCRIPTION}/Media": _reading(Action.MEDIA_READ, "transcription_id"),
    f"GET {_TRANSCRIPTION}/Peaks": _READ,
    f"GET {_TRANSCRIPTION}/Events": _FOLLOW,
    f"GET {_TRANSCRIPTION}/Callbacks": _READ,
    f"POST {_TRANSCRIPTION}/Callbacks": _EDIT,
    **_of_configurations("Transcription"),
    **_of_configurations("Recording"),
    "GET /v2/Configurations/Transcription/{id_or_unique_name}/KeytermSuggestions": _reading(
        Action.KEYTERMS_READ, "id_or_unique_name"
    ),
    "GET /v3/Engines": _EVERYBODY,
    f"POST {_CONTROL}": _ADMINISTER,
    f"GET {_CONTROL}": _EVERYBODY,
    f"GET {_CONTROL}/{{configuration_id}}": _EVERYBODY,
    f"PUT {_CONTROL}/{{configuration_id}}": _ADMINISTER,
    f"PATCH {_CONTROL}/{{configuration_id}}": _ADMINISTER,
    f"DELETE {_CONTROL}/{{configuration_id}}": _ADMINISTER,
    "GET /v2/ControlPlane/Operations/{operation_id}": _EVERYBODY,
    "POST /v2/Conversations": _SUBMIT,
    "GET /v2/Conversations": _READ,
    f"GET {_CONVERSATION}": _READ,
    f"PUT {_CONVERSATION}": _EDIT,
    f"PATCH {_CONVERSATION}": _EDIT,
    f"DELETE {_CONVERSATION}": _ADMINISTER,
    f"POST {_CONVERSATION}/Participants": _SUBMIT,
    f"GET {_CONVERSATION}/Participants": _READ,
    f"GET {_CONVERSATION}/Participants/{{participant_id}}": _READ,
    f"PUT {_CONVERSATION}/Participants/{{participant_id}}": _EDIT,
    f"DELETE {_CONVERSATION}/Participants/{{participant_id}}": _ADMINISTER,
    f"POST {_CONVERSATION}/Communications": _SUBMIT,
    f"GET {_CONVERSATION}/Communications": _reading(Action.CONVERSATION_READ, "conversation_id"),
    f"GET {_CONVERSATION}/Communications/{{communication_id}}": _reading(
        Action.CONVERSATION_READ, "conversation_id", "communication_id"
    ),
    f"GET {_ACCOUNT}.json": _EVERYBODY,
    f"POST {_ACCOUNT}/Keys.json": _ACCESS,
    f"GET {_ACCOUNT}/Keys.json": _ACCESS,
    f"GET {_ACCOUNT}/Keys/{{key_sid}}.json": _ACCESS,
    f"POST {_ACCOUNT}/Keys/{{key_sid}}.json": _ACCESS,
    f"DELETE {_ACCOUNT}/Keys/{{key_sid}}.json": _ACCESS,
    "POST /v1/AuthTokens/Secondary": _TOKEN,
    "DELETE /v1/AuthTokens/Secondary": _TOKEN,
    "POST /v1/AuthTokens/Promote": _TOKEN,
    "GET /v3/Sessions/Current": _EVERYBODY,
    "DELETE /v3/Sessions/Current": _EVERYBODY,
    f"POST {_ACCOUNT}/Recordings.json": _SUBMIT,
    f"GET {_ACCOUNT}/Recordings.json": _READ,
    f"GET {_RECORDING}.json": _FOLLOW,
    f"DELETE {_RECORDING}.json": _ADMINISTER,
    f"GET {_RECORDING}": _reading(Action.MEDIA_READ, "recording_sid"),
    f"GET {_RECORDING}.wav": _reading(Action.MEDIA_READ, "recording_sid"),
    f"GET {_RECORDING}.mp3": _reading(Action.MEDIA_READ, "recording_sid"),
    f"GET {_ACCOUNT}/Calls.json": _READ,
    f"GET {_CALL}.json": _READ,
    f"DELETE {_CALL}.json": _ADMINISTER,
    f"GET {_CALL}/Recordings.json": _READ,
    f"GET {_CALL}/Recordings/{{recording_sid}}.json": _FOLLOW,
    f"DELETE {_CALL}/Recordings/{{recording_sid}}.json": _ADMINISTER,
    "GET /v3/Audit": replace(_ACCESS, action=Action.AUDIT_READ),
    "GET /v3/System": _ADMINISTER,
    "GET /v3/System/Accounts": _ADMINISTER,
    "GET /v3/System/Engines": _ADMINISTER,
    "GET /v3/System/Models": _ADMINISTER,
    "GET /v3/System/Models/{model_name}/Pull": _ADMINISTER,
    "POST /v3/System/Models/{model_name}/Pull": replace(_ADMINISTER, action=Action.MODEL_PULLED, subject="model_name"),
    "GET /v3/System/Evaluations": _ADMINISTER,
    "GET /v3/System/Evaluations/{evaluation_id}": replace(
        _ADMINISTER, action=Action.EVALUATION_READ, subject="evaluation_id"
    ),
    "DELETE /v3/System/Evaluations/{evaluation_id}": _ADMINISTER,
}


def need_of(method: str, path: str) -> Need:
    """What the endpoint at a path, with its parameters in braces, needs.

    Raises:
        RequestError: 20403, it is not listed.
    """
    found = NEEDS.get(f"{method} {path}")
    if found is None:
        raise RequestError(Code.FORBIDDEN, "Nobody may use this endpoint: it is not said which role it needs.")
    return found


def add_roles(document: dict[str, Any]) -> None:
    """Say in the OpenAPI document what each operation needs, and that it may be refused."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            need = NEEDS.get(f"{method.upper()} {path}")
            if need is None:
                continue
            operation["x-roles"] = {"all": list(need.roles)} | ({"any": list(need.either)} if need.either else {})
            answers = operation["responses"]
            answers.setdefault("403", {"description": "Forbidden", "content": answers["401"]["content"]})
            operation["responses"] = dict(sorted(answers.items()))
