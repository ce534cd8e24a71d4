"""What is sent to a provider where nobody goes on behind a process that ends: at the command line."""


class ForgottenRequests:
    """`SentRequests` of one attempt, which is the only one."""

    def answer(self, _part: int) -> bytes | None:
        """Nothing came before."""
        return None

    def handle(self, _part: int) -> str | None:
        """Nothing went out before."""
        return None

    def sending(self, part: int, seconds: float) -> None:
        """Nobody asks for it later."""

    def accepted(self, part: int, handle: str) -> None:
        """Nobody asks for it later."""

    def answered(self, part: int, answer: bytes) -> None:
        """Nobody asks for it later."""

    def refused(self, part: int) -> None:
        """Nobody asks for it later."""
