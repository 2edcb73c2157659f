"""How the report writes numbers and names, and the environment of its templates."""

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from .excerpts import readable

_THIN = "\u202f"
_LONGEST = 10_000


def report_environment() -> jinja2.Environment:
    """Templates that escape what they print, and refuse names that they were not given."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": breakable,
        "count": count,
        "duration": duration,
        "of": of,
        "percent": percent,
        "short": short,
        "size": size,
    }
    return environment


def _shown(value: Any) -> Any:
    """What a template expression prints: text without characters that act on what stands around them."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return readable(value, _LONGEST)
    return value


def count(number: int) -> str:
    """A whole number, its thousands apart by thin spaces: 12 345."""
    return f"{number:,}".replace(",", _THIN)


def of(number: int, noun: str) -> str:
    """A number of things: 1 document, 12 345 documents."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def short(number: float) -> str:
    """A number in few characters: 1.3T, 290B, 12.4M, 9 812, 0.25."""
    for unit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if abs(number) >= unit:
            return f"{float(f'{number / unit:.3g}'):g}{letter}"
    if abs(number) >= 1_000 or number == int(number):
        return count(round(number))
    return f"{number:.3g}"


def tick_text(number: float) -> str:
    """A number under an axis: 0.25, 900, 10k, 2.5M."""
    return f"{number / 1e3:g}k" if 1e4 <= abs(number) < 1e6 else short(number)


def size(number: int) -> str:
    """Bytes: 1.4 GB, 12.4 MB, 812 kB."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= unit:
            return f"{float(f'{number / unit:.3g}'):g}{_THIN}{name}"
    return f"{number}{_THIN}B"


def duration(seconds: float) -> str:
    """Seconds: 0.4 s, 52 s, 3 min 12 s, 5 h 07 min."""
    if seconds < 10:
        return f"{seconds:.1f}{_THIN}s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole}{_THIN}s"
    if whole < 7_200:
        return f"{whole // 60}{_THIN}min {whole % 60:02}{_THIN}s"
    return f"{count(whole // 3_600)}{_THIN}h {whole % 3_600 // 60:02}{_THIN}min"


def percent(part: float, whole: float = 1) -> str:
    """A share: 12.3%; <0.1% and >99.9% for what would be written as nothing or as all."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.05:
        return "<0.1%"
    return ">99.9%" if 99.95 <= share < 100 else f"{share:.1f}%"


def breakable(name: str) -> Markup:
    """A name that may be broken after its underscores."""
    return Markup("_<wbr>").join(readable(name, 200).split("_"))
