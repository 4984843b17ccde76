"""What a browser remembers between visits: the tokens of the person's memberships, in a cookie of this site alone."""

import re
from collections.abc import Sequence

import streamlit as st

COOKIE = "accord"
MOST = 20

_MEMORY = st.components.v2.component(
    "accord_memory",
    html="<span></span>",
    js="""export default function({data}) {
  const kept = document.cookie.split('; ').find(c => c.startsWith(data.name + '='))
  if (!data.value || kept === data.name + '=' + data.value) return
  const secure = location.protocol === 'https:' ? '; Secure' : ''
  document.cookie = `${data.name}=${data.value}; path=/; max-age=${90 * 86400}; SameSite=Lax${secure}`
}""",
)


def remember(tokens: Sequence[str]) -> None:
    """Keep the tokens, the latest twenty of them, in the browser; invisible on the page."""
    with st.container(key="memory"):
        _MEMORY(key="memory_cookie", data={"name": COOKIE, "value": ".".join(tokens[-MOST:])})


def remembered() -> list[str]:
    """The tokens that the browser brought, oldest first."""
    brought = st.context.cookies.get(COOKIE, "")
    return [token for token in brought.split(".") if re.fullmatch(r"[\w-]{8,80}", token)]
