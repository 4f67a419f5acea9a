"""Load models by name, one after the other, and print a line of JSON about each.

    python hub_attempts.py NAME ...

In a process of its own: the client of the hub reads its environment once, when it is imported.
"""

import json
import sys

from cwvae.pretrained import load_pretrained


def attempt(name: str) -> dict[str, str | int]:
    """Return what is known of a model, or the error."""
    try:
        loaded = load_pretrained(name)
    except (ValueError, OSError, ImportError) as error:
        return {"error": type(error).__name__, "text": str(error)}
    return {"step": loaded.step, "path": str(loaded.path), "card": loaded.card}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(json.dumps(attempt(name)))
