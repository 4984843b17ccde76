"""Redraws figures when a person switches between light and dark: their ink is fixed when they are drawn."""

import streamlit as st

_WATCH = st.components.v2.component(
    "accord_theme",
    html="<span></span>",
    js="""export default function({parentElement, setTriggerValue}) {
  const look = () => {
    const [r, g, b] = getComputedStyle(document.querySelector('.stApp')).backgroundColor.match(/\\d+/g).map(Number)
    return r + g + b < 384 ? 'dark' : 'light'
  }
  let last = look()
  const timer = setInterval(() => {
    const now = look()
    if (now === last) return
    last = now
    setTriggerValue('theme', now)
  }, 700)
  return () => clearInterval(timer)
}""",
)


def watch_theme() -> None:
    """Place the watcher, invisible; a switch of theme reruns the page."""
    with st.container(key="theme_watch"):
        _WATCH(key="theme", on_theme_change=_redraw)


def _redraw() -> None:
    """The rerun that the trigger causes is all that is needed."""
