"""The rule by which a case that does not fit the machine is left out."""

__all__ = ["RULE", "refusal"]

LONGEST_CALL = 60.0  # seconds
SHARE_OF_RATE = 0.25
SHARE_OF_MEMORY = 0.8

RULE = (
    f"a case is left out if one call would take more than {LONGEST_CALL:.0f} s at "
    f"{SHARE_OF_RATE:.0%} of the measured matrix rate, if it would need more than "
    f"{SHARE_OF_MEMORY:.0%} of the free memory, or if a package that it needs is missing"
)
"""The rule in words, which is printed beside what it left out."""


def refusal(*, flops: float, memory: float, rate: float, free: float) -> str | None:
    """Say why a case is left out, or return None.

    **Arguments:** `flops`, its necessary operations; `memory`, the bytes that it may need; `rate`,
    operations per second of a large matrix product; `free`, bytes of memory that are free.
    """
    seconds = flops / (SHARE_OF_RATE * rate)
    if seconds > LONGEST_CALL:
        return (
            f"about {seconds:.0f} s a call at {SHARE_OF_RATE:.0%} of the matrix rate, "
            f"more than {LONGEST_CALL:.0f} s"
        )
    if memory > SHARE_OF_MEMORY * free:
        return (
            f"about {memory / 1e9:.1f} GB, more than {SHARE_OF_MEMORY:.0%} of the "
            f"{free / 1e9:.1f} GB that are free"
        )
    return None
