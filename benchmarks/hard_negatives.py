"""What decontamination_recall.py plants that is no benchmark item: boilerplate, and questions like an item's."""

import random
from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa

from benchmarks.planted_variants import WORD, Item, change_numbers
from textkernels.ngrams import ngram_hashes
from textkernels.words import word_hashes

BOILERPLATE: dict[str, tuple[str, ...]] = {
    "allow-list of the Phi-4 report": (
        "a i only b ii only c iii only d ii and iii",
        "logically equivalent b contradictory c neither logically equivalent nor contradictory but consistent d",
        "b e b a b e c c b d c e d",
        "a (ii) and (iv) only b (i) and (iii) only c (i) (ii)",
        "a true true b false false c true false d false true",
    ),
    "exam scaffolds": (
        "Which of the following is correct?",
        "Which of the following statements is true?",
        "Which one of the following is the best answer to the question above?",
        "Choose the best answer for each of the following questions and write the letter on your answer sheet.",
        "All of the above. None of the above. Both A and B. Neither A nor B.",
        "A. True\nB. False\nC. Cannot be determined from the information given",
        "Read the following passage and answer the questions that follow.",
        "Answer all questions. Show all your work. Calculators are not allowed. Time allowed: 90 minutes.",
        "Fill in the blanks with the correct form of the verb in brackets.",
        "I only, II only, III only, I and II only, II and III only, I, II and III",
        "Which of the following best describes the main idea of the second paragraph?",
        "Statement 1 | Statement 2. True, True. False, False. True, False. False, True.",
        "Round your answer to two decimal places and give the units of each quantity.",
        "Mark the correct option. Each question carries four marks; one mark is deducted for a wrong answer.",
        "Let x be a real number. Find the value of x. Express your answer as a common fraction in lowest terms.",
        "Write a function that takes a list of integers and returns the sum of the list.",
        "Answer the question by choosing A, B, C or D. Explain your reasoning step by step.",
        "What is the answer to the following question? Think step by step before you answer.",
    ),
    "licences and notices": (
        "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files, to deal in the Software without restriction.",
        "Licensed under the Apache License, Version 2.0 (the \"License\"); you may not use this file except in compliance with the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0",
        "This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version.",
        "Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.",
        "THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT.",
        "This work is licensed under a Creative Commons Attribution-ShareAlike 4.0 International License.",
        "Text is available under the Creative Commons Attribution-ShareAlike License; additional terms may apply. By using this site, you agree to the Terms of Use and Privacy Policy.",
        "All rights reserved. No part of this publication may be reproduced, stored in a retrieval system, or transmitted in any form or by any means without the prior written permission of the publisher.",
        "This website uses cookies to ensure you get the best experience on our website. Click here to read our privacy policy.",
        "The views and opinions expressed in this article are those of the author and do not necessarily reflect the official policy or position of any agency.",
        "From Wikipedia, the free encyclopedia. Jump to navigation. Jump to search. For other uses, see the disambiguation page.",
        "This eBook is for the use of anyone anywhere at no cost and with almost no restrictions whatsoever. You may copy it, give it away or re-use it under the terms of the Project Gutenberg License.",
    ),
    "counting sequences": (
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
        "one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen",
        "a b c d e f g h i j k l m n o p q r s t u v w x y z",
        "A B C D E F G H",
        "I II III IV V VI VII VIII IX X XI XII XIII",
        "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday",
        "January, February, March, April, May, June, July, August, September, October, November, December",
        "2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30",
        "1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192",
        "1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377",
        "2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47",
        "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
        "10 9 8 7 6 5 4 3 2 1 0",
        "1990 1991 1992 1993 1994 1995 1996 1997 1998 1999 2000 2001 2002 2003",
        "10%, 20%, 30%, 40%, 50%, 60%, 70%, 80%, 90%, 100%",
        "A. B. C. D. A. B. C. D. A. B. C. D. A. B. C. D.",
    ),
    "idioms and quotations": (
        "At the end of the day, it is what it is, and there is nothing that we can do about it.",
        "The quick brown fox jumps over the lazy dog.",
        "You can lead a horse to water, but you can't make it drink.",
        "To be, or not to be, that is the question: whether 'tis nobler in the mind to suffer the slings and arrows of outrageous fortune.",
        "We hold these truths to be self-evident, that all men are created equal.",
        "Four score and seven years ago our fathers brought forth on this continent a new nation.",
        "That's one small step for man, one giant leap for mankind.",
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.",
        "A journey of a thousand miles begins with a single step.",
        "Give a man a fish and you feed him for a day; teach a man to fish and you feed him for a lifetime.",
        "If it looks like a duck, swims like a duck, and quacks like a duck, then it probably is a duck.",
        "On the other hand, it is one of the most important things in the history of the United States of America.",
        "As a matter of fact, there is a good chance that it is going to be one of the best in the world.",
        "In the case of the first of these, there is no reason to believe that it is the same as that of the other.",
        "The square of the hypotenuse is equal to the sum of the squares of the other two sides.",
        "For every action there is an equal and opposite reaction.",
        "Once upon a time there was a little girl who lived with her mother in a small house near the forest.",
    ),
}  # fmt: skip

TEMPLATE, HELD_OUT, KEYWORDS = "template, other words", "item held out", "an item's words as a list"
_TEMPLATE_WORDS = 200
_SHORTEST = 13
_MOST_ALIKE = 0.4


def template_words(items: list[Item]) -> frozenset[str]:
    """The words that most questions hold: what a template is made of."""
    counts = Counter(
        word for item in items for word in dict.fromkeys(w.lower() for w in WORD.findall(item.question))
    )
    return frozenset(word for word, _ in counts.most_common(_TEMPLATE_WORDS))


def content_words(items: list[Item], template: frozenset[str]) -> dict[str, list[str]]:
    """Of each benchmark, the content words of its questions, as often as they occur."""
    found: dict[str, list[str]] = defaultdict(list)
    for item in items:
        found[item.benchmark] += [
            w for w in WORD.findall(item.question) if w.lower() not in template and not w.isdigit()
        ]
    return found


def another_of_the_template(
    item: Item, template: frozenset[str], content: list[str], chance: random.Random
) -> str | None:
    """The question with other content words of its benchmark and other numbers; None where that is under 40 %."""
    words = WORD.findall(item.question)
    changed = [w for w in words if w.lower() not in template and not w.isdigit()]
    if len(words) < _SHORTEST or len(changed) < 0.4 * len(words):
        return None
    others: dict[str, str] = {}
    for word in dict.fromkeys(changed):
        other = chance.choice(content)
        others[word] = other if other != word else chance.choice(content)
    text = WORD.sub(lambda match: others.get(match[0], match[0]), item.question)
    return change_numbers(text, chance)


def as_keywords(item: Item, template: frozenset[str]) -> str | None:
    """The content words of a question in alphabetical order, as a page's tags; None where they are under 5."""
    words = sorted({w.lower() for w in WORD.findall(item.question)} - template)
    return f"Tags: {', '.join(words)}" if len(words) >= 5 else None


def unlike_the_rest(candidates: list[int], items: list[Item]) -> list[int]:
    """Those of the candidates, numbers of items, that are no variant of another item.

    A variant shares more than 40 % of its distinct 3-grams of words with one item that is no candidate; the
    candidates are held out together.
    """
    own = set(candidates)
    questions = pa.array([" ".join([item.question, *item.choices]) for item in items], pa.large_string())
    grams, offsets = ngram_hashes(*word_hashes(questions), 3)
    wanted: dict[int, list[int]] = defaultdict(list)
    sizes = {}
    for k in candidates:
        distinct = np.unique(grams[offsets[k] : offsets[k + 1]])
        sizes[k] = distinct.size
        for gram in distinct.tolist():
            wanted[gram].append(k)
    places = np.flatnonzero(np.isin(grams, np.array(sorted(wanted), np.uint64)))
    owners = np.searchsorted(offsets, places, side="right") - 1
    shared: Counter[tuple[int, int]] = Counter()
    for owner, gram in sorted(set(zip(owners.tolist(), grams[places].tolist(), strict=True))):
        if owner not in own:
            shared.update((k, owner) for k in wanted[gram])
    alike = {k for (k, _), count in shared.items() if count > _MOST_ALIKE * sizes[k]}
    return [k for k in candidates if k not in alike and sizes[k] > 0]
