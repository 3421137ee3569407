"""The text form of regions: what joins terms, brackets, quotes and paths."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skycocoon import InputError
from skycocoon.sky.expressions import Term, evaluated, is_compound, is_expression, joined_paths, paths_in


class Places(frozenset):
    """Sets as regions: a term is the set of its letters."""

    def __invert__(self):
        return Places("abcdefgh") - self

    def __or__(self, other):
        return Places(super().__or__(other))

    def __and__(self, other):
        return Places(super().__and__(other))

    def __sub__(self, other):
        return Places(super().__sub__(other))


def value(text):
    return "".join(sorted(evaluated(text, lambda term: Places(term.text))))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("abc", "abc"),
        ("ab | bc & cd", "c"),
        ("ab | (bc & cd)", "abc"),
        ("abc - b", "ac"),
        ("abc - b - c", "a"),
        ("abc - (b - c)", "ac"),
        ("abc - (bc - c)", "ac"),
        ("~abc", "defgh"),
        ("~~abc", "abc"),
        ("~abc & de", "de"),
        ("~(abc & bc)", "adefgh"),
        ("~ ( ~ abc )", "abc"),
        ("((ab)|(cd))&(b|c)", "bc"),
        ("a|b|c|d", "abcd"),
    ],
)
def test_left_to_right_and_brackets_first(text, result):
    assert value(text) == result


@given(
    st.recursive(
        st.sampled_from(["ab", "bc", "cdef", "h"]),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("|&-"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            inner.map(lambda t: f"~{t}"),
        ),
        max_leaves=8,
    )
)
def test_brackets_mean_what_python_means(text):
    """Python's own reading of the same text, in which everything is in brackets."""
    words = text.replace("~", " ~ ").replace("(", " ( ").replace(")", " ) ").split()
    code = " ".join(word if word in "()|&-~" else f"Places({word!r})" for word in words)
    assert value(text) == "".join(sorted(eval(code, {"Places": Places})))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a name is needed"),
        ("a |", "at its end"),
        ("| a", "before '|'"),
        ("a -", "at its end"),
        ("- a", "before '-'"),
        ("a & & b", "before '&'"),
        ("(a", "a ( without its )"),
        ("a)", "a ) without its ("),
        ("()", "a region is needed before ')'"),
        ("(a) b", "is needed before 'b'"),
        ("~", "at its end"),
        ("(" * 60 + "a" + ")" * 60, "more than 50 brackets"),
        ("a | " * 10_000 + "a", "allowed: up to 20000"),
    ],
)
def test_what_is_no_text_form(text, words):
    with pytest.raises(InputError) as error:
        value(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_many_terms_and_complements_are_no_matter():
    assert value(" | ".join(["ab"] * 500)) == "ab"
    assert value("~" * 2001 + "abc") == "defgh"


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("mask:m.fits", "m.fits", ()),
        ("mask:m.fits,celestial,column=N OBS", "m.fits", ("celestial", "column=N OBS")),
        ("mask:a,b.fits.gz, RING", "a,b.fits.gz", ("RING",)),
        ("mask:'a, b - c.fits', RING", "a, b - c.fits", ("RING",)),
        ('mask:"it\'s.fits"', "it's.fits", ()),
        ("mask:plain,RING", "plain", ("RING",)),
        ("MASK: m.fits", "m.fits", ()),
        ("m.FITS", "m.FITS", ()),
        ("sources:1lhaaso,0.5deg,2.5", "1lhaaso", ("0.5deg", "2.5")),
        ("sources:my,cat.ecsv,0.5deg", "my,cat.ecsv", ("0.5deg",)),
    ],
)
def test_paths_and_words(text, path, words):
    term = Term.of(text)
    assert (term.path, term.words) == (path, words)
    assert paths_in(f"lhaaso-inner - ({text} | box:0,1,2,3)") == [path]
    again = Term.of(term.at(path))
    assert (again.kind, again.path, again.words) == (term.kind, path, words)


@pytest.mark.parametrize(
    "name", ["m.fits", "a,b.fits", "a - b.fits", "a (1).fits", "x | y", "it's.ecsv", '"q".fits', "~"]
)
def test_paths_become_absolute_and_can_be_read_again(name):
    quote = "'" if '"' in name else '"'
    text = joined_paths(f"lhaaso-inner - mask:{quote}{name}{quote},RING & sources:1lhaaso", Path("/there"), ["1lhaaso"])
    assert text.startswith("lhaaso-inner - mask:")
    assert text.endswith(",RING & sources:1lhaaso")
    assert paths_in(text) == [f"/there/{name}", "1lhaaso"]
    assert joined_paths(text, Path("/elsewhere"), ["1lhaaso"]) == text


def test_what_has_no_path_stays_as_it_is():
    for text in ("lhaaso-inner", " box:0,1,2,3|disc:1,2,3", "not a ( region", "sources:1lhaaso"):
        assert joined_paths(text, Path("/there"), ["1lhaaso"]) == text


def test_what_is_meant_as_a_region():
    assert all(map(is_expression, ("box:1,2,3,4", "~x", "(x)", "a | b", "a - b", "mask:m.fits")))
    assert not any(map(is_expression, ("lhaaso-inner", "m.fits", "a-b", "C:/m.fits", "paper")))
    assert is_compound("a | b")
    assert not is_compound("(a | b)")
