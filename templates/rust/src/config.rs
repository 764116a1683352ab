//! The plugin configuration and the decisions that follow from it. Plain Rust: tested with `cargo test`.

use serde::Deserialize;

/// The configuration as JSON. Every field is optional.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    /// Value of the `x-greeting` header on requests and responses.
    pub greeting: String,
    /// Requests for this path, or anything below it, are answered by the filter. Empty: none.
    pub blocked_path: String,
    /// Cluster that is asked before a request goes on. Empty: nobody is asked.
    pub check_cluster: String,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            greeting: "hello".to_string(),
            blocked_path: "/blocked".to_string(),
            check_cluster: String::new(),
        }
    }
}

impl Config {
    /// No configuration at all means the defaults.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        if json.is_empty() {
            return Ok(Config::default());
        }
        serde_json::from_slice(json)
    }

    /// Whether the filter answers this `:path` itself.
    pub fn blocks(&self, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        !self.blocked_path.is_empty()
            && path
                .strip_prefix(self.blocked_path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// What the answer of the check means for the request.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    Allow,
    Deny,
    /// The check itself failed.
    Unavailable,
}

/// `status` is the `:status` of the answer; none when there was no answer.
pub fn judge(status: Option<&str>) -> Verdict {
    match status {
        Some("200") => Verdict::Allow,
        Some(status) if !status.starts_with('5') => Verdict::Deny,
        _ => Verdict::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_configuration_means_the_defaults() {
        assert_eq!(Config::parse(b"").unwrap(), Config::default());
        assert_eq!(Config::parse(b"{}").unwrap(), Config::default());
    }

    #[test]
    fn fields_are_read() {
        let config = Config::parse(br#"{"greeting":"hi","checkCluster":"auth"}"#).unwrap();
        assert_eq!(config.greeting, "hi");
        assert_eq!(config.check_cluster, "auth");
        assert_eq!(config.blocked_path, "/blocked");
    }

    #[test]
    fn what_is_not_a_configuration_is_refused() {
        for wrong in ["world", "7", r#"{"greeting":1}"#, r#"{"greting":"typo"}"#] {
            assert!(Config::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_path_and_what_is_below_it_are_blocked() {
        let config = Config::default();
        for path in ["/blocked", "/blocked/", "/blocked/a", "/blocked?x=1"] {
            assert!(config.blocks(path), "{path}");
        }
        for path in ["/", "/blockedness", "/a/blocked", ""] {
            assert!(!config.blocks(path), "{path}");
        }
        let open = Config {
            blocked_path: String::new(),
            ..config
        };
        assert!(!open.blocks("/blocked"));
    }

    #[test]
    fn only_200_lets_a_request_through() {
        assert_eq!(judge(Some("200")), Verdict::Allow);
        assert_eq!(judge(Some("403")), Verdict::Deny);
        assert_eq!(judge(Some("503")), Verdict::Unavailable);
        assert_eq!(judge(None), Verdict::Unavailable);
    }
}
