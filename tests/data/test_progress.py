import io

from tqdm import tqdm

from cwvae.data import progress
from cwvae.data.progress import Progress


def test_a_file_gets_a_line_every_so_many_seconds(clock_by_hand):
    pipe = io.StringIO()
    with Progress(total=1000, desc="train", mininterval=0, file=pipe) as bar:
        for second in range(1000):
            clock_by_hand[0] = float(second)
            bar.update()
            bar.set_postfix_str(f"loss {second}")
            if second == 500:
                bar.write("a line between", file=pipe)
    lines = pipe.getvalue().split("\n")
    assert lines.pop() == ""
    lines.remove("a line between")
    assert len(lines) == 999 // progress.SECONDS + 1
    assert all(line.startswith("train: ") for line in lines)
    assert "1000/1000" in lines[-1]
    assert "loss 999" in lines[-1]
    assert "\r" not in pipe.getvalue()


def test_a_bar_that_does_not_stay_leaves_nothing(clock_by_hand):
    pipe = io.StringIO()
    for _ in Progress(range(5), leave=False, file=pipe):
        pass
    assert pipe.getvalue() == ""


def test_a_long_bar_that_does_not_stay_ends_with_its_last_state(clock_by_hand):
    pipe = io.StringIO()
    for second in Progress(range(40), leave=False, mininterval=0, miniters=1, file=pipe):
        clock_by_hand[0] = float(second)
    first, last = pipe.getvalue().splitlines()
    assert " 31/40 " in first
    assert " 40/40 " in last


def test_the_last_state_comes_once(clock_by_hand):
    pipe = io.StringIO()
    with Progress(total=1, mininterval=0, file=pipe) as bar:
        bar.update()
        clock_by_hand[0] = progress.SECONDS
        bar.refresh()
    assert len(pipe.getvalue().splitlines()) == 1


def test_a_terminal_gets_a_bar(clock_by_hand, monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    with Progress(total=2, ncols=80, file=terminal) as bar:
        bar.update()
    assert "\r" in terminal.getvalue()
    assert isinstance(bar, tqdm)
