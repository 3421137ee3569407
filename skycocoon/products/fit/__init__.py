"""A fit's folder: values, tables, figures, summary."""
