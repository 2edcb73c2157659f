"""Settings that are about no document of the run: most likely a mistake in the config."""

from pipelines.inspection.views import connect
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config


def idle_settings(run: RunDirectory, config: Config) -> list[str]:
    """A sentence for every preset that is for no document, and for sources in `dedup.priority` that there are not."""
    notes = []
    priority = () if config.dedup is None else config.dedup.priority
    if not config.presets and not priority:
        return []
    with connect(run, config) as con:
        for number, preset in enumerate(config.presets):
            query = f"SELECT count(*) FROM signals WHERE (\n{preset.where}\n)"
            if con.execute(query).fetchall() == [(0,)]:
                notes.append(
                    f"presets.{number} ({preset.use}): no document meets its `where`: {preset.where}"
                )
        if priority:
            there = {row[0] for row in con.execute("SELECT DISTINCT source FROM documents").fetchall()}
            absent = [source for source in priority if source not in there]
            if absent:
                notes.append(f"dedup.priority: no document is of the source {', '.join(absent)}")
    return notes
