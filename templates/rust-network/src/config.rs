//! The plugin configuration. Plain Rust: tested with `cargo test`.

use serde::Deserialize;

/// The configuration as JSON. Every field is optional.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    /// Line that is sent to the client before the upstream's first data. Empty: none.
    pub banner: String,
    /// Connections whose first data starts with this are closed. Empty: none.
    pub blocked_prefix: String,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            banner: String::new(),
            blocked_prefix: "BLOCKED".to_string(),
        }
    }
}

impl Config {
    /// Nothing means the defaults.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        if json.trim_ascii().is_empty() {
            return Ok(Config::default());
        }
        serde_json::from_slice(json)
    }

    /// Whether a connection that starts with this data is closed.
    pub fn blocks(&self, data: &[u8]) -> bool {
        !self.blocked_prefix.is_empty() && data.starts_with(self.blocked_prefix.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_means_the_defaults() {
        assert_eq!(Config::parse(b"").unwrap(), Config::default());
        assert_eq!(Config::parse(b" {} ").unwrap(), Config::default());
    }

    #[test]
    fn faults_are_refused() {
        for wrong in ["{", "text", r#"{"banner":1}"#, r#"{"baner":"typo"}"#] {
            assert!(Config::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_prefix_decides() {
        let config = Config::default();
        assert!(config.blocks(b"BLOCKED, please"));
        assert!(!config.blocks(b"BLOCK"));
        assert!(!config.blocks(b"not BLOCKED"));
        let open = Config::parse(br#"{"blockedPrefix":""}"#).unwrap();
        assert!(!open.blocks(b"BLOCKED"));
    }
}
