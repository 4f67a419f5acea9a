"""The benchmarks: every case of the set that was asked for (`cases.py`)."""

import pytest
from kinds import LeftOutError
from measuring import measured


def test_case(entry, benchmark, record, request):
    """Measure a case; what is found also stands in the `extra_info` of the benchmark."""
    quick = request.config.getoption("set") == "quick"
    try:
        found = measured(entry.make(), benchmark, quick=quick)
    except LeftOutError as error:
        record["left_out"].append({"case": entry.name, "why": str(error)})
        pytest.skip(str(error))
    except Exception:
        record["left_out"].append({"case": entry.name, "why": "it failed"})
        raise
    parameters = entry.parameters | found.get("parameters", {})
    case = {"group": entry.group, "name": entry.name} | found | {"parameters": parameters}
    benchmark.extra_info.update(case)
    record["cases"].append(case)
