"""Mutated model files: each loads, or is refused in one line.

``python -m tests.fuzz.models 10000 --seed 1`` from the root; ``--only 123`` shows a case.
"""

import re
from pathlib import Path

import numpy as np

from skycocoon.config import list_presets, load_text, preset_text
from skycocoon.config.document import MAX_LENGTH

from ..conftest import EXAMPLE
from .tally import Tally, numbers, rng

ROOT = Path(__file__).parents[2]
NUMBERS = (
    "0 -0.0 -1 1 2 3 1e-300 1e300 1e400 -1e400 1e-400 nan inf -inf 0x10 0o17 0b1 1_000 9223372036854775808 "
    "123456789012345678901234567890 0.1 1e3 true false []  {} '' [1] [[1,2],[3]] {a=1} 1979-05-27 07:32:00"
).split()
UNITS = (
    "kpc pc cm m km TV GV PV V GeV TeV PeV eV erg J yr Myr s Hz deg rad sr K M_sun mag dex g/cm2 cm-3 cm2/s km/s 1 % kpc2 1e3kpc "
    "µm Å Ω ° kpc/kpc kpc**99 kpc^-1 10**400kpc kpc(1/0) (kpc kpc) sqrt(kpc) log(kpc) mag(kpc)"
).split()
AMOUNTS = "0 1 -1 1e-300 1e300 1e400 nan inf -inf ١ ５ 0x1p3 1e 1e1e1 1,5 1_0 +-1 . 1..2 1e99999999".split()
AMOUNTS = [*AMOUNTS, "", " ", "9" * 400, "1 2"]
WORDS = [
    "",
    " ",
    "a",
    "paper",
    "none",
    "auto",
    "é",
    "π",
    "\\u0000",
    "\\n",
    "\\t",
    "\\u202e",
    "x" * 300,
    "~" * 300,
    "|".join(["lhaaso-inner"] * 300),
    "(" * 300,
    "../../etc/passwd",
    "/dev/zero",
    "http://127.0.0.1:9/x.fits",
    "box:1,2,3",
    "disc:0,0,1e400",
    "mask:x.fits",
    "sources:1lhaaso,-1deg",
    "bc-ams02-2021",
    "components.cocoons.grammage.cutoff",
    "transport.delta",
    "lhaaso-inner",
    "~lhaaso-inner",
    "gamma",
    "1..2",
    "1e400..1",
]
STRING = re.compile(r'"[^"\n]*"')
NUMBER = re.compile(r"(?<![\w.\"-])-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
TOKEN = re.compile(r'"[^"\n]*"|[\w.-]+|[\[\]{}=,#]')


def sources():
    """All presets, a file that says everything, and the model files of the pages."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    blocks = [block for page in pages for block in re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.S)]
    return [*map(preset_text, list_presets()), EXAMPLE, *blocks]


def mutated(text, random):
    """A text with one to four mutations, most of which leave it TOML."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        text = random.choice(MUTATIONS)(text, random) or text
    return text[: 2 * MAX_LENGTH]


def _replaced(pattern, text, random, new):
    matches = list(pattern.finditer(text))
    if not matches:
        return text
    match = random.choice(matches)
    return text[: match.start()] + new(match[0]) + text[match.end() :]


def _bytes(text, random):
    data = bytearray(text.encode())
    at = random.randrange(len(data) or 1)
    data[at : at + random.randrange(4)] = random.randbytes(random.randrange(4))
    return data.decode("utf-8", "replace")


def _characters(text, random):
    at = random.randrange(len(text) or 1)
    new = random.choice(
        ["", "", '"', "'", '"""', "#", "=", "[", "]", "{", "}", ".", ",", "\n", "\r", "\0", "\ufeff", "é"]
    )
    return text[:at] + new + text[at + random.randrange(3) :]


def _number(text, random):
    return _replaced(NUMBER, text, random, lambda old: random.choice(NUMBERS))


def _quantity(text, random):
    return _replaced(STRING, text, random, lambda old: f'"{random.choice(AMOUNTS)} {random.choice(UNITS)}"')


def _word(text, random):
    return _replaced(STRING, text, random, lambda old: f'"{random.choice(WORDS)}"')


def _kind(text, random):
    return _replaced(STRING, text, random, lambda old: random.choice(NUMBERS))


def _token(text, random):
    tokens = TOKEN.findall(text)
    return _replaced(TOKEN, text, random, lambda old: random.choice(tokens or [""]))


def _letter(text, random):
    """Misspelling of a word."""

    def misspelt(old):
        at = random.randrange(len(old))
        return old[:at] + random.choice(["", old[at] * 2, "x", old[at].swapcase()]) + old[at + 1 :]

    return _replaced(TOKEN, text, random, misspelt)


def _lines(text, random):
    """A line left out, doubled, or put elsewhere."""
    lines = text.splitlines(keepends=True)
    line = lines.pop(random.randrange(len(lines) or 1)) if lines else ""
    for _ in range(random.randrange(3)):
        lines.insert(random.randrange(len(lines) + 1), line)
    return "".join(lines)


def _cut(text, random):
    return text[: random.randrange(len(text) + 1)]


def _deep(text, random):
    n = random.choice((3, 30, 3000))
    value = random.choice(["[" * n + "]" * n, "{a=" * n + "1" + "}" * n, "1" * n, '"' + "a" * n + '"'])
    name = random.choice(["a", ".".join("a" * n), "maps.nside", "fit.data", "components.cocoons.disc.height"])
    return random.choice([f"{text}\n{name} = {value}\n", f"{name} = {value}\n{text}"])


MUTATIONS = (_bytes, _characters, _number, _number, _quantity, _quantity, _word, _word, _kind, _token, _letter, _lines)
MUTATIONS += (_lines, _cut, _deep)


def case(texts, seed, index):
    """The mutated text of a number."""
    random = rng(seed, "model", index)
    return mutated(random.choice(texts), random)


def check(text):
    """Load a text; what loads describes itself, has good energies, and is the same when its own text is loaded."""
    loaded = load_text(text, "fuzz", ROOT / "tests")
    assert str(loaded.model)
    again = load_text(loaded.toml, "fuzz", ROOT)
    assert again.model.components == loaded.model.components or "grid" in text
    assert again.toml.strip() == loaded.toml.strip()
    for messenger in loaded.model.messengers:
        gev = loaded.energies(messenger).to_value("GeV")
        assert np.isfinite(gev).all()
        assert (np.diff(gev) > 0).all()
    return loaded


def run(count, seed=1, tally=None):
    """Load mutated model files; give what became of them."""
    tally = tally or Tally()
    texts = sources()
    for index in range(count):
        text = case(texts, seed, index)
        if tally.outcome(index, lambda text=text: check(text)) is not None:
            tally.counts["loaded"] += 1
    return tally


if __name__ == "__main__":
    given = numbers(__doc__, 10_000).parse_args()
    if given.only is None:
        print(run(given.count, given.seed).report())
    else:
        print(shown := case(sources(), given.seed, given.only))
        check(shown)
