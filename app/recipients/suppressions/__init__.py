"""Who must not be written to: our own suppressions, Cloudflare’s, and how they are kept the same."""
