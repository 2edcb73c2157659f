"""What is found in a text, read back from the kernel's columns."""

import pyarrow as pa

from textkernels.personal_data import KINDS, personal_data


def finds(text: str | bytes) -> list[tuple[str, str]]:
    """Kind and text of each find."""
    raw = text.encode() if isinstance(text, str) else text
    rows, starts, ends, kinds = personal_data(pa.array([raw], pa.binary()))
    assert not rows.any()
    return [
        (KINDS[kind], raw[start:end].decode(errors="replace"))
        for start, end, kind in zip(starts, ends, kinds, strict=True)
    ]
