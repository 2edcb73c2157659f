from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared"


@pytest.fixture(scope="session")
def shared_labels() -> Path:
    path = SHARED / "edu_labels" / "labels.jsonl"
    if not path.exists():
        pytest.skip("the shared labels are not beside the checkout")
    return path


@pytest.fixture(scope="session")
def shared_corpus() -> Path:
    path = SHARED / "corpus"
    if not path.exists():
        pytest.skip("the shared corpus is not beside the checkout")
    return path
