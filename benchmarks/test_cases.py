"""The benchmarks: every case of the set that was asked for (`cases.py`)."""

import pytest
from measuring import LeftOutError, measured


def test_case(entry, benchmark, record, in_time):
    """Measure a case; what is found also stands in the `extra_info` of the benchmark."""
    try:
        if not in_time:
            raise LeftOutError("no time was left for it")
        found = measured(entry.make(), benchmark, quick=record["set"] == "quick")
    except Exception as error:
        out = isinstance(error, LeftOutError)
        record["left_out"].append({"case": entry.name, "why": str(error) if out else "it failed"})
        if out:
            pytest.skip(str(error))
        raise
    parameters = entry.parameters | found.get("parameters", {})
    case = {"group": entry.group, "name": entry.name} | found | {"parameters": parameters}
    benchmark.extra_info.update(case)
    record["cases"].append(case)
