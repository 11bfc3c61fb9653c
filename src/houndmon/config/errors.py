"""How a configuration is refused: by its file, the key, and a sentence that says what to do."""

import msgspec

from houndmon.core.problems import HoundmonError


class ConfigError(HoundmonError):
    """The configuration cannot be used; the text names the file and the key, and never holds a secret."""

    def __init__(self, file: str, key: str, sentence: str) -> None:
        super().__init__(": ".join(part for part in (file, key, sentence) if part))
        self.file, self.key, self.sentence = file, key, sentence


class KeyPath(msgspec.Struct, frozen=True):
    """A key of a file, as people write it: `rules.queue_age.threshold`."""

    file: str
    key: str = ""

    def at(self, name: str) -> "KeyPath":
        """A key below this one."""
        return KeyPath(self.file, f"{self.key}.{name}" if self.key else name)

    def error(self, sentence: str) -> ConfigError:
        """The error to raise for what stands here."""
        return ConfigError(self.file, self.key, sentence)
