"""The card of a model of educational value, in Markdown: what it is made of and how far to trust it."""

from classifiers.linear_model import LinearModel

_LEVELS = (
    "no educational value: advertising, navigation, lists of links or products, small talk",
    "some basic information that bears on a subject, among much that does not",
    "touches on a subject, but superficially, in disorder, or of use rather than for learning",
    "fit for teaching: introduces concepts of a curriculum coherently, if incompletely",
    "of much use for learning: clear, consistent, with explanations, examples or exercises, little else",
    "outstanding: thorough, detailed reasoning, easy to follow, nothing beside the point",
)


def card_text(model: LinearModel) -> str:
    """The card, made of nothing but the model."""
    labels, settings = model.card["labels"], model.card["settings"]
    rubric = "\n".join(
        f"| {level} | {meaning} | {count} |"
        for level, (meaning, count) in enumerate(zip(_LEVELS, labels["by_value"], strict=True))
    )
    evaluation = model.card["evaluation"]
    measures = list(next(iter(evaluation.values())))
    results = "\n".join(
        f"| {name} | "
        + " | ".join("{:.2f} ({:.2f} to {:.2f})".format(*found[what]) for what in measures)
        + " |"
        for name, found in evaluation.items()
    )
    knots = ", ".join(f"{raw:.3f} → {score:g}" for raw, score in model.knots)
    return f"""# Educational value

A score from 0 to 5 of how well a text would serve to teach. 2.5 and above stands for "3 or more", fit for teaching.

## Labels

{labels["texts"]:,} texts of {labels["sources"]} sources; SHA-256 of texts, labels and sources `{labels["sha256"]}`.

| label | meaning | texts |
|---|---|---|
{rubric}

## Model

A ridge regression on the presence of words and pairs of words (rule `{model.card["grams"]}`) weighted by inverse document
frequency. It reads windows of a document (rule `{model.card["windows"]}`); a document's score is the mean over them. It is
used with these rules only, which is checked when it is loaded.

- {len(model.grams):,} grams, those of at least {settings["least_windows"]} windows and at most {settings["most_grams"]:,}; ridge {settings["ridge"]}; nothing is drawn at random.
- The map from the regression's values to scores has these knots: {knots}. Between two of them it is linear. It is made so
  that as many texts reach k - 1/2 as have labels of k and more: shares of a corpus above a threshold are about right,
  where a plain regression's scores crowd around the mean.

## How good it is

{settings["folds"]} folds, no source in two of them; values out of fold, mapped by what the other folds gave. In brackets the 95 %
interval of a bootstrap over sources.

| | {" | ".join(measures)} |
|---|{"---|" * len(measures)}
{results}

Macro-F1 is over all labels that occur, of scores rounded to the nearest.

## Limits

- It was taught by few texts of few sources. On sources unlike these expect less than the table says, and look at what a
  threshold drops before you trust it.
- It knows the words and marks of what was labelled: it judges topic and manner, not whether what is said is true, and
  text can be written to please it.
- In languages, and of sorts of text such as code, of which there were few labels its scores mean little. Where it knows
  no word of a text there is no score.
- The levels above which there were under ten labels are out of its reach.
"""
