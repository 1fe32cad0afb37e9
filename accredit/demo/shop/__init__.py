"""The demo's shop: as somebody else would have it, with Accredit connected to it. No part of the product."""
