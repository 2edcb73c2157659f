from hypothesis import settings

# A shared machine's pauses are no failures.
settings.register_profile("syllabus", deadline=None)
settings.load_profile("syllabus")
