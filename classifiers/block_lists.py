"""Lists of domains and URL prefixes, and the URLs that they meet.

A list is a text file, plain or .gz, with one entry a line; empty lines and what follows a ``#`` that begins
the line or stands behind a space are skipped. An entry is

- a domain, ``example.com`` (also ``.example.com`` and ``*.example.com``): it meets the host and its
  subdomains. Domains are taken as they stand: ``co.uk`` or ``github.io`` meets everything below it, for no list
  of public suffixes is consulted. ``www.example.com`` also meets the bare ``example.com``, but not its other
  subdomains.
- a URL prefix, ``example.com/path`` or ``https://example.com/path``: it meets that host, with or without
  ``www.``, and paths that begin with it up to the end, or to one of ``/?#&;=``: ``/path``, ``/path/x`` and
  ``/path?x``, but not ``/pathology``. Paths are compared as they are spelt; case counts.

Scheme, user and port do not count. Hosts are compared in lower case and in their ASCII form (IDNA, UTS 46),
so that ``Bücher.example`` and ``xn--bcher-kva.example`` are one. An entry that is an address meets it alone.
"""

import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

import fsspec
import idna
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from textkernels.columns import text_buffers
from textkernels.hashset import HashIndex
from textkernels.mixing import mix64

# RE2 and Python's re: linear in the text. Browsers take \ for / and skip blanks in front.
_PARTS = (
    r"(?s)^[\x00-\x20]*(?:[A-Za-z][A-Za-z0-9+.\-]*:[/\\]+|[/\\]{2,})?(?:[^/?#\\]*@)?"
    r"(?P<host>\[[^\]/]*\]|[^/?#\\:]*)(?::[0-9]*)?(?P<path>.*)"
)
_PLAIN_DOMAIN = r"^[a-z0-9_]([a-z0-9_\-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_\-]*[a-z0-9_])?)*$"
_PLAIN_HOST = r"^[a-z0-9._\-]*$"
_HOST = re.compile(
    r"[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?)*|\[[0-9a-f:.]+\]"
)
_WWW = np.frombuffer(b"www.", np.uint8)
_NEWLINE, _SLASH, _BACKSLASH, _DOT, _BRACKET = 0x0A, 0x2F, 0x5C, 0x2E, 0x5D
_BOUNDARIES = np.isin(np.arange(256), list(b"/?#&;=\\"))
_OF_PREFIXES = np.uint64(0x9E3779B97F4A7C15)


class BlockListError(ValueError):
    """A block list can't be used; the message names its file."""


@dataclass(frozen=True)
class BlockLists:
    """Entries of all lists.

    entries: as their lists have them; one of several spellings that come to the same.
    unusable: ``file:line: reason``, of the lines that are no entry.
    """

    entries: pa.StringArray
    unusable: tuple[str, ...]
    _index: HashIndex
    _has_prefixes: bool

    @classmethod
    def load(cls, paths: Sequence[str]) -> "BlockLists":
        """Read one or more lists (paths or fsspec URLs).

        Raises:
            BlockListError: a list is absent, can't be read, or has not one entry.
        """
        read = [_read(path) for path in paths]
        keys, first = np.unique(np.concatenate([keys for _, keys, _, _ in read]), return_index=True)
        order = np.argsort(first)
        entries = pa.concat_arrays([entries for entries, _, _, _ in read])
        return cls(
            entries.take(pa.array(first[order])),
            tuple(line for _, _, unusable, _ in read for line in unusable),
            HashIndex.build(keys[order]),
            any(has_prefixes for _, _, _, has_prefixes in read),
        )

    def blocked(self, url: pa.Array | pa.ChunkedArray) -> pa.StringArray:
        """The entry that each of n URLs meets, or null; of several the shortest domain, else the shortest prefix.

        Args:
            url: string or large_string; scheme, and even host, may be missing. Null meets nothing.

        Raises:
            TypeError: the column is of another type.
        """
        if isinstance(url, pa.ChunkedArray):
            url = url.combine_chunks()
        text_buffers(url)  # refuses other types
        parts = pc.extract_regex(url, _PARTS)
        hosts, paths = _ascii_hosts(parts.field("host")), parts.field("path")
        host_data, host_offsets = text_buffers(hosts)
        path_data, path_offsets = text_buffers(paths)
        counts = np.empty(len(url), np.int64)
        columns = host_data, host_offsets, path_data, path_offsets, self._has_prefixes
        _keys(*columns, counts, np.empty(0, np.uint64))
        keys = np.empty(int(counts.sum()), np.uint64)
        _keys(*columns, counts, keys)
        places, found = self._index.find_present(keys)
        rows = np.searchsorted(np.cumsum(counts), places, side="right")
        met = np.full(len(url), -1, np.int64)
        met[rows[::-1]] = found[::-1]  # the first key of a row is written last
        return self.entries.take(pa.array(met, mask=met < 0))


def _read(path: str) -> tuple[pa.Array, np.ndarray, list[str], bool]:
    """Entries of a list, their keys, its unusable lines, and whether there are prefixes among the entries."""
    lines = _lines(path)
    # Nearly all lines of large lists are domains in ASCII: no Python object is made of them.
    is_plain = pc.match_substring_regex(lines, _PLAIN_DOMAIN).to_numpy(zero_copy_only=False)
    plain = lines.filter(pa.array(is_plain))
    data, offsets = text_buffers(plain)
    plain_keys = np.empty(len(plain), np.uint64)
    _keys_of_domains(data, offsets, plain_keys)
    entries, keys, unusable, has_prefixes = [], [], [], False
    for row in np.flatnonzero(~is_plain).tolist():
        try:
            entry = re.split(r"(?:^|\s)#", lines[row].as_py().decode(), maxsplit=1)[0].strip()
            if not entry:
                continue
            host, prefix = _parse(entry)
        except ValueError as error:
            reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else error
            unusable.append(f"{path}:{row + 1}: {reason}")
            continue
        entries.append(entry)
        keys.append(_key(host, prefix))
        has_prefixes |= bool(prefix)
    if not len(plain) and not entries:
        raise BlockListError(f"{path}: no line is a domain or the beginning of a URL")
    # Those of Python behind the plain ones: of two spellings of one entry either will do.
    joined = pa.concat_arrays([plain.cast(pa.string()), pa.array(entries, pa.string())])
    return joined, np.concatenate([plain_keys, np.array(keys, np.uint64)]), unusable, has_prefixes


def _lines(path: str) -> pa.BinaryArray:
    try:
        with fsspec.open(path, "rb") as file:
            content = file.read()
        if path.endswith(".gz"):
            content = gzip.decompress(content)
    except (OSError, EOFError, ValueError, ImportError, gzip.zlib.error) as error:
        raise BlockListError(f"{path}: the block list can't be read: {error}") from error
    content = content.removeprefix(b"\xef\xbb\xbf").rstrip(b"\n") + b"\n"
    ends = np.flatnonzero(np.frombuffer(content, np.uint8) == _NEWLINE) + 1
    offsets = np.concatenate([[0], ends]).astype(np.int64)
    lines = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(content)]
    )
    return pc.replace_substring_regex(lines, r"[ \t\r\n]+$", "")


def _parse(entry: str) -> tuple[str, str]:
    """Host and path of an entry. Raises ValueError where it is neither domain nor URL prefix."""
    parts = re.match(_PARTS, entry)
    host, path = _ascii_host(parts["host"].lstrip("*").lstrip(".")), parts["path"]
    if not _HOST.fullmatch(host) or re.search(r"\s", path):
        raise ValueError(f"{entry[:80]!r} is neither a domain nor the beginning of a URL")
    path = path.replace("\\", "/")
    return host, "" if path == "/" else path


@lru_cache(maxsize=1 << 14)
def _ascii_host(host: str) -> str:
    """A host in lower case and in its ASCII form; as it is where it has none."""
    host = unquote(host).lower().rstrip(".")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, transitional=False).decode()
        except idna.IDNAError:
            return host
    return host


def _ascii_hosts(hosts: pa.Array) -> pa.Array:
    plain = pc.ascii_rtrim(pc.ascii_lower(hosts), ".")
    others = pc.invert(pc.match_substring_regex(plain, _PLAIN_HOST)).fill_null(False)
    if not pc.any(others).as_py():
        return plain
    spelt = [_ascii_host(host) for host in hosts.filter(others).to_pylist()]
    return pc.replace_with_mask(plain, others, pa.array(spelt, plain.type))


def _key(host: str, prefix: str) -> int:
    """The key of an entry, as `_keys` gives it for the URLs that the entry meets."""
    if prefix:
        host = host.removeprefix("www.")
    return _key_of(np.frombuffer(host.encode(), np.uint8), np.frombuffer(prefix.encode(), np.uint8))


@njit(cache=True, nogil=True)
def _mixed_in(h, byte):
    return mix64(h * np.uint64(257) + np.uint64(_SLASH if byte == _BACKSLASH else byte))


@njit(cache=True, nogil=True)
def _mixed_backward(h, data, begin, end):
    for at in range(end - 1, begin - 1, -1):
        h = _mixed_in(h, data[at])
    return h


@njit(cache=True, nogil=True)
def _key_of(host, path):
    h = _mixed_backward(np.uint64(1), host, 0, host.size)
    if path.size:
        h ^= _OF_PREFIXES
        for byte in path:
            h = _mixed_in(h, byte)
    return h


@njit(cache=True, nogil=True)
def _keys_of_domains(data, offsets, keys):
    for k in range(keys.size):
        keys[k] = _mixed_backward(np.uint64(1), data, offsets[k], offsets[k + 1])


@njit(cache=True, nogil=True)
def _keys(host_data, host_offsets, path_data, path_offsets, prefixes, counts, keys):
    """The keys of all entries that would meet each URL, shortest first; only counted where `keys` is empty."""
    n = 0
    for row in range(counts.size):
        before = n
        begin, end = host_offsets[row], host_offsets[row + 1]
        bare = begin  # where the host begins without www.
        if end - begin > _WWW.size and np.all(host_data[begin : begin + _WWW.size] == _WWW):
            bare += _WWW.size
        is_address = end > begin and (host_data[end - 1] == _BRACKET or 48 <= host_data[end - 1] <= 57)
        at = end - 1
        while is_address and at >= begin and host_data[at] != _DOT and host_data[end - 1] != _BRACKET:
            is_address = 48 <= host_data[at] <= 57
            at -= 1
        h = bare_key = np.uint64(1)
        for at in range(end - 1, begin - 1, -1):
            if host_data[at] == _DOT and not is_address:
                if keys.size:
                    keys[n] = h
                n += 1
            h = _mixed_in(h, host_data[at])
            if at == bare:
                bare_key = h
        if end > begin:
            if keys.size:
                keys[n] = h
            n += 1
            if bare == begin and not is_address:
                if keys.size:
                    keys[n] = _mixed_backward(_mixed_in(h, _DOT), _WWW, 0, _WWW.size - 1)
                n += 1
        if prefixes and end > begin:
            h = bare_key ^ _OF_PREFIXES
            begin, end = path_offsets[row], path_offsets[row + 1]
            for at in range(begin, end):
                byte = path_data[at]
                h = _mixed_in(h, byte)
                if _BOUNDARIES[byte] or at + 1 == end or _BOUNDARIES[path_data[at + 1]]:
                    if keys.size:
                        keys[n] = h
                    n += 1
        counts[row] = n - before
    return n
