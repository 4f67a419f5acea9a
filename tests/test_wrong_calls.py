"""Wrong calls of public functions: each raises one sentence with what was expected and a remedy.

A room has its table in a module of `wrong_calls`: `CALLS`, of names to (call, message).
"""

import importlib
import pkgutil

import pytest
import wrong_calls

from cwvae.shapes import TypeCheckError

ROOMS = [module.name for module in pkgutil.iter_modules(wrong_calls.__path__)]
TABLES = {room: importlib.import_module(f"wrong_calls.{room}").CALLS for room in ROOMS}
ROWS = [
    pytest.param(call, message, id=f"{room}: {name}")
    for room, table in TABLES.items()
    for name, (call, message) in table.items()
]


@pytest.mark.parametrize(("call", "message"), ROWS)
def test_a_wrong_call_raises_one_sentence_with_what_came_and_a_remedy(call, message):
    with pytest.raises((ValueError, TypeCheckError), match=message) as caught:
        call()
    # Not a subclass of them, such as JAX's errors about tracers.
    assert caught.type in (ValueError, TypeCheckError)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 400


def test_every_table_has_rows():
    assert TABLES
    assert all(TABLES.values())
