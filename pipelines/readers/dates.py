"""A document's own date: from ISO 8601 text, dates, timestamps and seconds since 1970."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

CREATED = pa.timestamp("us", tz="UTC")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
# The years 1 to 9999, which every reader of timestamps can show.
_FIRST = -62_135_596_800
_LAST = 253_402_300_799
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def microseconds(value: Any) -> int | None:
    """Microseconds since 1970, UTC, of an ISO 8601 text or a number of seconds; None of anything else.

    Text without an offset is taken as UTC; what lies outside the years 1 to 9999 is None.
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            return (moment - _EPOCH) // _MICROSECOND
        except (ValueError, OverflowError):
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value) or not _FIRST <= value <= _LAST:
        return None
    return round(value * _SECOND)


def created_of_column(column: pa.Array) -> pa.Array:
    """The same of an Arrow column: text, dates, timestamps or numbers; nulls of any other type."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return created_of_column(column.dictionary).take(column.indices)
    if pa.types.is_string(kind):
        return pa.array([microseconds(text) for text in column.to_pylist()], pa.int64()).cast(CREATED)
    if pa.types.is_timestamp(kind):
        return _of_ticks(column.cast(pa.int64()), _PER_SECOND[kind.unit])
    if pa.types.is_date32(kind):
        return _of_ticks(column.cast(pa.int32()).cast(pa.int64()), 1 / 86_400)
    if pa.types.is_date64(kind):
        return _of_ticks(column.cast(pa.int64()), 1_000)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return pa.array([microseconds(number) for number in column.to_pylist()], pa.int64()).cast(CREATED)
    return pa.nulls(len(column), CREATED)


def _of_ticks(ticks: pa.Array, per_second: float) -> pa.Array:
    values = ticks.fill_null(0).to_numpy()
    is_out = (values < _FIRST * per_second) | (values > _LAST * per_second)
    values = np.where(is_out, 0, values)
    if per_second > _SECOND:
        values = values // (int(per_second) // _SECOND)
    else:
        values = values * round(_SECOND / per_second)
    is_null = ticks.is_null().to_numpy(zero_copy_only=False) | is_out
    return pa.array(values, pa.int64(), mask=is_null).cast(CREATED)
