"""What an account may use and uses, limit by limit: for the command line and the API."""

from dataclasses import dataclass

from callscribe.accounts.tables import Account
from callscribe.accounts.usage import HOUR
from callscribe.transcriptions.quotas import Standing


@dataclass(frozen=True, slots=True)
class LimitOfAccount:
    """One limit. `limit` None is none; `used` None is not counted; `is_own` where the account's own holds."""

    limit: str | float | None
    used: float | None
    is_own: bool


def limits_of(account: Account, standing: Standing) -> dict[str, LimitOfAccount]:
    """All limits by the names in `accounts.limits.Limits`."""
    used = {
        "jobs_waiting": standing.jobs,
        "audio_hours": standing.activity.audio_seconds / HOUR,
        "stored_bytes": standing.stored_bytes,
    }
    return {
        name: LimitOfAccount(
            getattr(standing.limits, name), used.get(name), getattr(account, f"limit_{name}") is not None
        )
        for name in ("requests", "jobs_waiting", "jobs_running", "audio_hours", "stored_bytes")
    }
