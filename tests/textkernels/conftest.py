import pytest

import textkernels


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels():
    """Not the machine code of an earlier state of the sources."""
    textkernels.compile_kernels()
