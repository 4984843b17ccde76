"""What the pages share and Streamlit or Plotly must know about; the domain itself is in `alignment`."""
