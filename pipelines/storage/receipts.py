"""Receipts: which tasks are done. Data first, receipt last; data without a receipt does not exist."""

from schemas.receipts import Receipt

from .run_directory import RunDirectory


def receipt_name(stage: str, task: str) -> str:
    return f"receipts/{stage}/{task}.json"


def commit_receipt(run: RunDirectory, receipt: Receipt) -> None:
    run.write_bytes(
        receipt_name(receipt.stage, receipt.task), receipt.model_dump_json(indent=1).encode() + b"\n"
    )


def discard_receipt(run: RunDirectory, stage: str, task: str) -> None:
    """Remove a stale receipt before its files are written over: a kill between must not leave it standing."""
    run.remove(receipt_name(stage, task))


def read_receipt(run: RunDirectory, stage: str, task: str) -> Receipt | None:
    """The task's receipt, None where there is none."""
    try:
        raw = run.read_bytes(receipt_name(stage, task))
    except FileNotFoundError:
        return None
    return Receipt.model_validate_json(raw)


def is_done(run: RunDirectory, stage: str, task: str, fingerprint: str) -> bool:
    """Whether the task's receipt is for these inputs and this config, and its files stand."""
    receipt = read_receipt(run, stage, task)
    if receipt is None or receipt.fingerprint != fingerprint:
        return False
    return all(run.size(file.path) == file.bytes for file in receipt.files)


def read_receipts(run: RunDirectory, stage: str) -> dict[str, Receipt]:
    """All receipts of a stage by task name, in name order."""
    found = {}
    for name in run.list(f"receipts/{stage}", ".json"):
        receipt = Receipt.model_validate_json(run.read_bytes(name))
        found[receipt.task] = receipt
    return found
