//! Replaces what matches a pattern in response bodies, so that it does not leave.

use std::rc::Rc;

use log::error;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, Bytes, ContextType, LogLevel};
use regex_lite::Regex;
use serde::Deserialize;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::<Root>::default() });
}}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Settings {
    patterns: Vec<String>,
    replacement: String,
    content_types: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            patterns: Vec::new(),
            replacement: "[redacted]".to_string(),
            content_types: vec!["text/".to_string(), "application/json".to_string()],
        }
    }
}

/// The settings with their patterns compiled.
#[derive(Debug, Default)]
struct Config {
    patterns: Vec<Regex>,
    settings: Settings,
}

impl Config {
    fn parse(json: &[u8]) -> Result<Self, String> {
        let json = if json.trim_ascii().is_empty() {
            b"{}"
        } else {
            json
        };
        let settings: Settings =
            serde_json::from_slice(json).map_err(|reason| reason.to_string())?;
        let patterns = settings.patterns.iter().map(|pattern| {
            Regex::new(pattern).map_err(|reason| format!("pattern {pattern:?}: {reason}"))
        });
        Ok(Config {
            patterns: patterns.collect::<Result<_, _>>()?,
            settings,
        })
    }

    fn looks_into(&self, content_type: &str) -> bool {
        self.settings
            .content_types
            .iter()
            .any(|start| content_type.starts_with(start))
    }

    /// The body with matches replaced; none when there are none.
    fn redact(&self, body: &str) -> Option<String> {
        let mut text = body.to_string();
        for pattern in &self.patterns {
            // NoExpand: a `$` in the replacement is a dollar sign.
            let replacement = regex_lite::NoExpand(&self.settings.replacement);
            text = pattern.replace_all(&text, replacement).into_owned();
        }
        (text != body).then_some(text)
    }
}

/// A header as text. Bytes that are no UTF-8 are replaced: `get_http_request_header` and its like would panic at them, and
/// a panic ends the filter for all requests.
fn text(value: Option<Bytes>) -> Option<String> {
    value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[derive(Default)]
struct Root {
    config: Rc<Config>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _plugin_configuration_size: usize) -> bool {
        match Config::parse(&self.get_plugin_configuration().unwrap_or_default()) {
            Ok(config) => self.config = Rc::new(config),
            Err(reason) => {
                error!("invalid configuration: {reason}");
                return false;
            }
        }
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter {
            config: Rc::clone(&self.config),
            redacts: false,
            size: 0,
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Filter {
    config: Rc<Config>,
    /// This response is one that is looked into.
    redacts: bool,
    /// Bytes of the body that the proxy holds.
    size: usize,
}

impl Filter {
    /// Replaces what matches in the body that the proxy holds.
    fn redact_body(&self) {
        let body = self
            .get_http_response_body(0, self.size)
            .unwrap_or_default();
        if let Some(text) = self.config.redact(&String::from_utf8_lossy(&body)) {
            self.set_http_response_body(0, self.size, text.as_bytes());
        }
    }
}

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        // Bodies that can be read, and whole: a part could end in the middle of what is looked for.
        self.set_http_request_header("accept-encoding", None);
        self.set_http_request_header("range", None);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, end_of_stream: bool) -> Action {
        let content_type =
            text(self.get_http_response_header_bytes("content-type")).unwrap_or_default();
        self.redacts = !end_of_stream && self.config.looks_into(&content_type);
        if self.redacts {
            // The length may change.
            self.set_http_response_header("content-length", None);
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        if !self.redacts {
            return Action::Continue;
        }
        self.size = body_size;
        if !end_of_stream {
            return Action::Pause;
        }
        self.redact_body();
        Action::Continue
    }

    /// With trailers, no body callback has the end of the stream: the body is whole now.
    fn on_http_response_trailers(&mut self, _trailers: usize) -> Action {
        if self.redacts {
            self.redact_body();
        }
        Action::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_is_replaced() {
        let config =
            Config::parse(br#"{"patterns":["\\b\\d{4}\\b","secret"],"replacement":"$1"}"#).unwrap();
        assert_eq!(config.redact("pin 1234, a secret").unwrap(), "pin $1, a $1");
        assert_eq!(config.redact("12345"), None);
    }

    #[test]
    fn content_types_decide() {
        let config = Config::parse(b"").unwrap();
        assert!(config.looks_into("application/json; charset=utf-8"));
        assert!(!config.looks_into("image/png"));
        assert!(!config.looks_into(""));
    }

    #[test]
    fn the_configuration_is_checked() {
        for wrong in [r#"{"patterns":["("]}"#, r#"{"pattern":[]}"#] {
            assert!(Config::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn any_bytes_are_text() {
        assert_eq!(text(None), None);
        assert_eq!(text(Some(b"a\xff".to_vec())).unwrap(), "a\u{fffd}");
    }
}
