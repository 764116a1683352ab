//! The plugin configuration. Plain Rust: tested with `cargo test`.

use serde::Deserialize;

/// The configuration as JSON. Every field is optional.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    /// Cluster that is watched. Empty: none.
    pub cluster: String,
    /// What is asked for there.
    pub path: String,
    /// Time between two checks, and how long an answer may take.
    pub interval_ms: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            cluster: String::new(),
            path: "/".to_string(),
            interval_ms: 1000,
        }
    }
}

impl Config {
    /// Nothing means the defaults.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        if json.trim_ascii().is_empty() {
            return Ok(Config::default());
        }
        let config: Config = serde_json::from_slice(json).map_err(|reason| reason.to_string())?;
        if config.interval_ms == 0 {
            return Err("intervalMs must be more than 0".to_string());
        }
        Ok(config)
    }
}

/// Whether an answer with this `:status` means that the service is up; none: there was no answer.
pub fn is_up(status: Option<&str>) -> bool {
    status.is_some_and(|status| status.starts_with('2'))
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
        let wrong = ["{", "text", r#"{"path":1}"#, r#"{"pth":"/"}"#];
        for wrong in wrong
            .into_iter()
            .chain([r#"{"intervalMs":0}"#, r#"{"intervalMs":"1"}"#])
        {
            assert!(Config::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_2xx_is_up() {
        assert!(is_up(Some("200")));
        assert!(is_up(Some("204")));
        assert!(!is_up(Some("302")));
        assert!(!is_up(Some("503")));
        assert!(!is_up(None));
    }
}
