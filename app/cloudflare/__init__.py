"""A client library for Cloudflare Email Service's REST API; knows nothing of Postroom."""
