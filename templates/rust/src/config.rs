//! The plugin configuration and the decisions that follow from it. Plain Rust: tested with `cargo test`.

use serde::Deserialize;

/// The configuration as JSON. Every field is optional.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    /// Value of the header `x-greeting` on requests and responses.
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
    /// Nothing means the defaults, a JSON object is read, any other text is the greeting.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|reason| reason.to_string())?;
        let text = text.trim();
        if text.starts_with('{') {
            return serde_json::from_str(text).map_err(|reason| reason.to_string());
        }
        let mut config = Config::default();
        if !text.is_empty() {
            config.greeting = text.to_string();
        }
        Ok(config)
    }

    /// Whether the filter answers this `:path` itself.
    pub fn blocks(&self, path: &str) -> bool {
        let plain = path.split('?').next().unwrap_or_default();
        !self.blocked_path.is_empty()
            && plain
                .strip_prefix(&self.blocked_path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// What the answer of the check means for the request.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    Allow,
    Deny,
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
    fn nothing_means_the_defaults() {
        assert_eq!(Config::parse(b"").unwrap(), Config::default());
        assert_eq!(Config::parse(b" {} ").unwrap(), Config::default());
    }

    #[test]
    fn a_text_is_the_greeting() {
        assert_eq!(Config::parse(b"world\n").unwrap().greeting, "world");
    }

    #[test]
    fn fields_are_read() {
        let config = Config::parse(br#"{"greeting":"hi","checkCluster":"auth"}"#).unwrap();
        assert_eq!(config.greeting, "hi");
        assert_eq!(config.check_cluster, "auth");
        assert_eq!(config.blocked_path, "/blocked");
    }

    #[test]
    fn faults_are_refused() {
        for wrong in ["{", r#"{"greeting":1}"#, r#"{"greting":"typo"}"#] {
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
        let open = Config::parse(br#"{"blockedPath":""}"#).unwrap();
        assert!(!open.blocks("/blocked"));
    }

    #[test]
    fn only_200_lets_a_request_through() {
        assert_eq!(judge(Some("200")), Verdict::Allow);
        assert_eq!(judge(Some("204")), Verdict::Deny);
        assert_eq!(judge(Some("503")), Verdict::Unavailable);
        assert_eq!(judge(None), Verdict::Unavailable);
    }
}
