"""Models that say what a test lets them say, so that a recipe can be held against any answer."""

from synth.asking import Answer, Prompt


class Says:
    """An `Ask` that gives the texts in turn and keeps the prompts."""

    def __init__(self, *texts: str, finish: str = "stop"):
        self._texts = list(texts)
        self._finish = finish
        self.prompts: list[Prompt] = []

    async def __call__(self, prompt: Prompt) -> Answer:
        self.prompts.append(prompt)
        return Answer(f"key{len(self.prompts)}", self._texts.pop(0), self._finish, 100, 50)
