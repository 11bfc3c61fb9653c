"""What `houndmon.toml` says: rules, service levels, receivers and routes, all with working defaults."""
