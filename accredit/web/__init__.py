"""The pages: what people see, in German and English."""
