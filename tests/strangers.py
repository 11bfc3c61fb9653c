"""What strangers write, and what it would mean to the programs that messages and figures end in."""

import re

GRAMMARS = {
    "slack": r"<[!@#]|<\w+[:|]|&(?:lt|gt|amp|#\d+);|<mailto",
    "discord": r"@(?:everyone|here)\b|<(?:@[!&]?|#|a?:|t:|/|id:)|\|\||\[[^\]]*\]\([^)]*\)|__",
    "mattermost": r"(?:^|\W)[@~#]\w|!\[|<!(?:here|channel|all)>|\$\$?",
    # As TDLib finds entities in plain text: mentions, commands, tags and cash tags, its own and other addresses.
    "telegram": r"(?<!\w)@\w{2,}|(?<![\w/<>])/\w{1,64}(?![\w/<>])|(?<!\w)[#$]\w|(?:tg|ton)://",
    "markdown": r"[*~`\\<>|]|\]\(|\]\[|(?<![^\W_])_|_(?![^\W_])|^#",
    "emoji": r":[\w+-]+:",
    "html": r"[<>]|&\w+;",
    "address": r"://|\bwww\.\w|(?:^|\W)//\w|\\\\\w|\b(?:mailto|javascript|data|tel|file|slack|tg):\S",
    "domain": r"[^\W_][.\u3002\uff0e\uff61](?:[^\W\d_]|xn--)|\b\d{1,3}(?:\.\d{1,3}){3}\b",
    "mail address": r"\w@\w",
    "mail head": r"[\r\n]|=\?",
    "telephone": r"\+\d{6}",
    "terminal": r"[\x00-\x1f\x7f-\x9f]",
    "bidi": "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]",
    "unseen": "[\u00ad\u200b-\u200d\u2028\u2029\u2060\u2800\u3164\ufeff\U000e0001-\U000e01ef]",
}
"""What each target makes of plain text, as patterns: of chats, of what turns text into links, of mail and terminals."""

HOSTILE = (
    "<!channel> <!here|now> <@U024BE7LH> <#C024BE7LR|general> <https://evil.example|harmless> <mailto:a@b.example>",
    "&lt;!channel&gt; &#60;!here&#62; R&amp;B",
    "@everyone @here <@80351110224678912> <@&165511591545143296> <:ok:1> <a:ok:1> <t:1618953630:R> </airhorn:8>",
    "[click here](https://evil.example/x) ![](https://evil.example/p.png) [a][b] <id:customize> ||hidden||",
    "@all @channel ~town-square #incident $$x^2$$ $USD +4915112345678",
    "/start@bot /kick tg://resolve?domain=evil ton://transfer/x t.me/evil",
    "**bold** __under__ _it_ ~~gone~~ `code` ```block``` \\`escaped\\` > quote *x* a__b__c",
    "a` @everyone `b",
    "``",
    ":fire: :100: sidekiq:rotating_light:3",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "evil.example www.1337 EVIL.COM bücher.example evil。example evil．example 192.168.0.1 sub.evil.xn--p1ai",
    "https://evil.example/?a=b#c //evil.example \\\\evil\\share javascript:alert(1) data:text/html,x file:///etc",
    "ops@evil.example mailto:ops@evil.example tel:112",
    "=?utf-8?b?PCFjaGFubmVsPg==?=\r\nBcc: all@evil.example",
    "\x1b[31mred\x1b]8;;https://evil.example\x07link\x1b]8;;\x07\x9b2J\x07\x08\x7f",
    "\u202eelpmaxe\u2066\u200f\u061cx",
    "zero\u200bwidth\u2060join\u00adsoft\u3164fill\u2800er\ufeff\U000e0041\u2028next",
    "# heading",
)
"""Names that are attacks: each has something of every grammar's that it is about."""

PIECES = (
    *"@#$&*<>[]()\\`|~_/:.+=?!-^%;\"'{}",
    *"\n\r\t\x1b\x00\x9b\u202e\u2066\u200b\u2060\ufeff\u3164\u3002\uff0e",
    *("channel", "everyone", "all", "http", "https://", "www.", "com", "mailto:", "a", "B", "7", "12", "1.2.3.4"),
    *("_x_", "||", "``", ":fire:", "](", "<!", "<@", "=?", "e.x", "é", "ß", "艺", "🎵", " "),
)
"""What such names are made of."""


def found_in(text: str, grammar: str) -> bool:
    """Whether a text holds something of a grammar."""
    return re.search(GRAMMARS[grammar], text, re.IGNORECASE) is not None
