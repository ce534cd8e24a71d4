"""Where Google's Speech-to-Text is."""

from callscribe.settings import Settings


def speech_url(settings: Settings) -> str:
    """Each location has its own address, but for that which is everywhere."""
    if settings.google_base_url is not None:
        return str(settings.google_base_url)
    location = settings.google_location
    return "https://speech.googleapis.com" if location == "global" else f"https://{location}-speech.googleapis.com"
