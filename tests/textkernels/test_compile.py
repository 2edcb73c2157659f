from types import SimpleNamespace

import pyarrow as pa
from numba.core import event

import textkernels
from textkernels.compile import drop_outdated
from textkernels.minhash import signatures
from textkernels.ngrams import shingles
from textkernels.words import word_hashes


def test_after_compiling_ahead_no_type_of_column_compiles_again():
    textkernels.compile_kernels()
    with event.install_recorder("numba:compile") as seen:
        for type_ in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()):
            column = pa.array(["some words", "ähnlich", None]).cast(type_)
            for given in (column, column[1:], pa.chunked_array([column, column])):
                signatures(*shingles(*word_hashes(given), 5), 140, 0)
    assert not seen.buffer


def test_an_outdated_kernel_that_another_process_removes_first_is_no_error(tmp_path):
    (tmp_path / "gone.nbi").symlink_to(tmp_path / "removed")
    kernel = SimpleNamespace(py_func=word_hashes, stats=SimpleNamespace(cache_path=str(tmp_path)))
    drop_outdated(kernel)
