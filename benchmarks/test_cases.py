"""The benchmarks: every case of the set that was asked for (`cases.py`)."""


def test_case(entry, measure):
    """Measure a case."""
    measure(entry)
