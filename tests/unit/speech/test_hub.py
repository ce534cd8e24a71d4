from callscribe.speech.hub import told


def test_bytes_are_told_of_whichever_bar_is_ahead() -> None:
    seen: list[int] = []
    kind = told(seen.append)
    # As the library makes them for one file: what has come over the network, and what is written.
    with kind(total=100, initial=10, desc="came", unit="B") as came, kind(total=100, desc="written") as written:
        came.update(30)
        written.update(20)
        written.update(60)
        for bar in (came, written):
            bar.set_postfix_str("1 MB/s", refresh=False)
            bar.total = 120
            bar.refresh()
    assert seen == [40, 40, 80]
