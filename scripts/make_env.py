"""Print the variables that compose.yaml asks for, with passwords and keys made up: `… > .env`."""

import base64
import os
import secrets

print(f"POSTGRES_PASSWORD={secrets.token_hex(16)}")
print(f"S3_ACCESS_KEY={secrets.token_hex(8)}")
print(f"S3_SECRET_KEY={secrets.token_hex(16)}")
print(f"CALLSCRIBE_SECRET_KEY={base64.urlsafe_b64encode(os.urandom(32)).decode()}")
print(f"CALLSCRIBE_ACCOUNT_SID=AC{secrets.token_hex(16)}")
print(f"CALLSCRIBE_AUTH_TOKEN={secrets.token_hex(16)}")
