"""Home: open the sample, start or bring an initiative, join one, and see where each stands."""

import streamlit as st

st.title("Agree on what the model must never do, before it is trained", anchor=False)
