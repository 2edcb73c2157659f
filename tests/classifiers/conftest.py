from pathlib import Path

import pytest

SHARED_LABELS = Path(__file__).parents[3] / "shared" / "edu_labels" / "labels.jsonl"


@pytest.fixture(scope="session")
def shared_labels() -> Path:
    if not SHARED_LABELS.exists():
        pytest.skip("the shared labels are absent")
    return SHARED_LABELS
