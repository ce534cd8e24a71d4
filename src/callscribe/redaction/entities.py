"""What can be found, by the names that a configuration and the labels in a text have."""

import re
from enum import StrEnum
from typing import Final


class Entity(StrEnum):
    """A kind of secret. Its value is its name, as a label stands in a text: `[CARD_NUMBER]`."""

    CARD_NUMBER = "CARD_NUMBER"
    CARD_CVV = "CARD_CVV"
    CARD_EXPIRY = "CARD_EXPIRY"
    PIN = "PIN"
    BANK_ACCOUNT = "BANK_ACCOUNT"
    NATIONAL_ID = "NATIONAL_ID"
    TAX_ID = "TAX_ID"
    PHONE_NUMBER = "PHONE_NUMBER"
    EMAIL_ADDRESS = "EMAIL_ADDRESS"
    DATE_OF_BIRTH = "DATE_OF_BIRTH"
    ADDRESS = "ADDRESS"
    NAME = "NAME"
    USERNAME = "USERNAME"
    PASSWORD = "PASSWORD"  # noqa: S105 - the name of a kind of secret
    HEALTH_NUMBER = "HEALTH_NUMBER"
    VEHICLE_PLATE = "VEHICLE_PLATE"


LABEL: Final = re.compile(rf"\[(?:{'|'.join(Entity)}|PII)\]")
"""What stands in a text in the place of a secret; see `policy.Mask`."""

ALL: Final = frozenset(Entity)
"""What is looked for where a configuration names nothing."""
