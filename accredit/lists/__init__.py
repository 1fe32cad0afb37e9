"""Lists: columns declared once, from which come filters, pages of rows, totals, kept views and exports."""
