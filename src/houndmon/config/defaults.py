"""What houndmon does where no file says otherwise: the defaults of the rulebook, and nobody to tell."""

from houndmon.config.model import Config
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.levels import LEVEL_BOOK, LevelName, ServiceLevel
from houndmon.rulebook.spec import Rule

RULES: dict[str, Rule] = {name: spec.default for name, spec in BOOK.items()}
LEVELS: dict[LevelName, ServiceLevel] = {name: spec.default for name, spec in LEVEL_BOOK.items()}
DEFAULTS = Config(rules=RULES, levels=LEVELS)
