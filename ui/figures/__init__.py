"""Figures: data in, Plotly figure out; nothing of Streamlit, one module per subject."""
