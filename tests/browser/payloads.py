"""Three hundred pieces of markup that run, load or restyle something where they get into a page unescaped."""

VECTORS = (
    "<img src=x onerror=pwn=1>",
    "<svg onload=pwn=1>",
    "<script>pwn=1</script>",
    '<iframe srcdoc="<script>pwn=1</script>">',
    "<a href=javascript:pwn=1>x</a>",
    "<body onload=pwn=1>",
    "<details open ontoggle=pwn=1>",
    "<input autofocus onfocus=pwn=1>",
    "<video><source onerror=pwn=1></video>",
    "<marquee onstart=pwn=1>",
    "<math><mi xlink:href=javascript:pwn=1>",
    "<object data=javascript:pwn=1>",
    "<embed src=javascript:pwn=1>",
    "<form action=javascript:pwn=1><button>x",
    "<button formaction=javascript:pwn=1>x",
    "<style>*{display:none}</style>",
    "<link rel=stylesheet href=//other.example>",
    "<base href=//other.example/>",
    "<meta http-equiv=refresh content=0;url=//other.example>",
    "<b hx-get=/pwn hx-trigger=load>",
    "<b hx-on:click=pwn=1>",
    "<svg><script>pwn=1</script></svg>",
    "<template><script>pwn=1</script></template>",
    "<svg><animate onbegin=pwn=1 attributeName=x>",
)
WAYS_OUT = (
    "{}",
    '">{}',
    "'>{}",
    " >{}",
    "</title>{}",
    "</textarea>{}",
    "-->{}",
    "</script>{}",
    "</style></noscript>{}",
    "</bdi></td></table>{}",
    "\u202e{}\u2066",
    "<<{}",
)
OTHERS = (  # without a tag of their own: out of an attribute, or as an address
    '" autofocus onfocus=pwn=1 "',
    "' autofocus onfocus=pwn=1 '",
    "x autofocus onfocus=pwn=1",
    '" style="position:fixed" "',
    '" hx-get="/pwn" hx-trigger="load" "',
    "javascript:pwn=1",
    " javascript:pwn=1",
    "java\tscript:pwn=1",
    "JaVaScRiPt:pwn=1//https://",
    "javascript&colon;pwn=1",
    "data:text/html,<script>pwn=1</script>",
    "vbscript:pwn",
)
PAYLOADS = tuple(way.format(vector) for vector in VECTORS for way in WAYS_OUT) + OTHERS
UNSAFE = (  # places where a page that escapes nothing would put them
    "<p>{}</p>",
    "<table><tr><td><bdi>{}</bdi></td></tr></table>",
    '<input value="{}">',
    "<input value='{}'>",
    "<input value={}>",
    "<title>{}</title>",
    "<textarea>{}</textarea>",
    "<!-- {} -->",
    '<a href="{}">x</a>',
)


def batches(size: int) -> list[tuple[str, ...]]:
    """The payloads, so many at a time."""
    return [PAYLOADS[start : start + size] for start in range(0, len(PAYLOADS), size)]
