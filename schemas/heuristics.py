"""The table of heuristics: what the quality rules of Gopher, C4 and FineWeb measure of a document.

Facts only: thresholds are SQL conditions in presets/, and outliers are judged against others of
their language and kind. Names are those of datatrove's filters where it has one, and definitions are
datatrove 0.10's, over words as str.split gives them. Characters are Unicode code points.

Sources: Gopher is Rae et al. 2021 (arXiv 2112.11446), appendix A1 and table A1; C4 is Raffel et al.
2020 (JMLR 21/140), section 2.2; mC4 is Xue et al. 2021 (arXiv 2010.11934), section 3.1; FineWeb is
Penedo et al. 2024 (arXiv 2406.17557), section 3.6.

Characters and words

- `n_chars`: characters.
- `whitespace_words`: words between white space.
- `word_count` (Gopher): of these, the ones that are not made of symbols alone.
- `mean_word_length` (Gopher): characters of those, by their number. Null where there is none.
- `hash_to_word_ratio`, `ellipsis_to_word_ratio` (Gopher): number of "#", and of "..." and "…", by
  whitespace_words. Null without words.
- `alpha_word_ratio` (Gopher): share of whitespace_words with a letter. Null without words.
- `stop_word_count` (Gopher): words that are exactly the, be, to, of, and, that, have or with.
- `distinct_stop_words` (Gopher): how many of the eight there are.

Lines and paragraphs

- `bullet_line_ratio`, `ellipsis_line_ratio` (Gopher): share of the lines of str.splitlines that begin
  with "•" or "-", and that end in "..." or "…". Null without lines.
- `dup_line_frac`, `dup_line_char_frac` (Gopher): share of lines met before in the document, and of the
  characters of the text in these. Lines are what is between runs of line feeds. Null without text.
- `dup_para_frac`, `dup_para_char_frac` (Gopher): the same of paragraphs, between two or more line feeds.
- `nonblank_lines` (FineWeb): lines between line feeds that are not all white space.
- `line_punct_ratio`, `short_line_ratio` (FineWeb): share of these that end with the full stop, question
  or exclamation mark of any script, and that have at most 30 characters. Null without such lines.
- `char_dup_ratio` (FineWeb): characters in such lines met before, by the characters that are not line
  feeds. Null without such lines.
- `newline_to_word_ratio` (FineWeb, the list ratio): line feeds by whitespace_words. Null without words.
- `third_longest_line` (mC4): characters of the third longest line between line feeds; 0 with fewer than three.

N-grams

- `top_2_gram_char_frac` to `top_4_gram_char_frac` (Gopher): characters of all copies of the most frequent
  n-gram of words, by n_chars; copies may overlap, so the value may exceed 1. Null with fewer words.
- `dup_5_gram_char_frac` to `dup_10_gram_char_frac` (Gopher): characters of words in n-grams met before,
  taken without overlap, by n_chars. Null without text.

C4: what becomes of the lines of str.splitlines. A line counts at its first reason, in this order

- `c4_lines`: all of them.
- `c4_long_word_lines`: with a word of more than 1,000 characters.
- `c4_unpunctuated_lines`: without ., ?, !, " or ' at the end, or with "...".
- `c4_short_lines`: with fewer than 3 words.
- `c4_javascript_lines`: that name javascript.
- `c4_policy_lines`: with one of six phrases about cookies, privacy and terms of use.
- `c4_lines_kept`, `c4_words_kept`, `c4_sentences_kept`: what is left, its words and its sentences, without citation
  marks ("[12]", "[edit]", "[citation needed]").
- `c4_lorem_ipsum`, `c4_curly_bracket`: whether a line that got so far has "lorem ipsum" or "{", for
  which C4 drops the whole page.

Any script

- `compression_ratio`: bytes by the bytes they compress to with zstd, level 1, as a frame without magic
  number, content size and checksum; rounded to 3 decimals, below which versions of zstd may differ. High
  for text that repeats itself. Null without text.
- `trigram_surprise`: mean bits of surprise of the byte trigrams, by a table of 14 languages and code that
  ships: high for random letters, keyboard mash, base64 and noise. Languages differ, so compare within one;
  a script the table has not seen is as surprising as noise. Null with fewer than three bytes.
"""

import pyarrow as pa

_COUNTS = "n_chars whitespace_words word_count".split()
_WORD_RATIOS = "mean_word_length hash_to_word_ratio ellipsis_to_word_ratio alpha_word_ratio".split()
_STOP_WORDS = "stop_word_count distinct_stop_words".split()
_LINE_RATIOS = [
    *"bullet_line_ratio ellipsis_line_ratio".split(),
    *"dup_line_frac dup_line_char_frac dup_para_frac dup_para_char_frac".split(),
]
_FINEWEB = "line_punct_ratio short_line_ratio char_dup_ratio newline_to_word_ratio".split()
_GRAMS = [f"top_{n}_gram_char_frac" for n in (2, 3, 4)] + [f"dup_{n}_gram_char_frac" for n in range(5, 11)]
_C4_COUNTS = [
    *"c4_lines c4_long_word_lines c4_unpunctuated_lines c4_short_lines c4_javascript_lines".split(),
    *"c4_policy_lines c4_lines_kept c4_words_kept c4_sentences_kept".split(),
]
_C4_FLAGS = "c4_lorem_ipsum c4_curly_bracket".split()

HEURISTICS = pa.schema(
    [
        pa.field("doc", pa.int64(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        *(pa.field(name, pa.int64(), nullable=False) for name in _COUNTS),
        *(pa.field(name, pa.float64()) for name in _WORD_RATIOS),
        *(pa.field(name, pa.int64(), nullable=False) for name in _STOP_WORDS),
        *(pa.field(name, pa.float64()) for name in _LINE_RATIOS),
        pa.field("nonblank_lines", pa.int64(), nullable=False),
        *(pa.field(name, pa.float64()) for name in _FINEWEB),
        pa.field("third_longest_line", pa.int64(), nullable=False),
        *(pa.field(name, pa.float64()) for name in _GRAMS),
        *(pa.field(name, pa.int64(), nullable=False) for name in _C4_COUNTS),
        *(pa.field(name, pa.bool_(), nullable=False) for name in _C4_FLAGS),
        pa.field("compression_ratio", pa.float64()),
        pa.field("trigram_surprise", pa.float64()),
    ]
)
