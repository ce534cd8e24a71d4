"""The web page at `/`, and the API's reference at `/docs`."""
