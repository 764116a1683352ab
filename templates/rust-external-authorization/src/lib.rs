//! Asks a service whether a request may pass, and hands its answer on.

use std::rc::Rc;
use std::time::Duration;

use log::{error, warn};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, Bytes, ContextType, LogLevel};
use serde::Deserialize;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::<Root>::default() });
}}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    cluster: String,
    path: String,
    forward_headers: Vec<String>,
    copy_headers: Vec<String>,
    timeout_ms: u64,
    fail_open: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            cluster: String::new(),
            path: "/authorize".to_string(),
            forward_headers: vec!["authorization".to_string(), "cookie".to_string()],
            copy_headers: Vec::new(),
            timeout_ms: 500,
            fail_open: false,
        }
    }
}

impl Config {
    fn parse(json: &[u8]) -> Result<Self, String> {
        let config: Config = serde_json::from_slice(json).map_err(|reason| reason.to_string())?;
        if config.cluster.is_empty() {
            return Err("cluster must name the service that is asked".to_string());
        }
        Ok(config)
    }
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Pass,
    /// Goes to the client as it is.
    Refuse(u32),
    Failed,
}

/// `status` is none when there was no answer.
fn judge(status: Option<&str>) -> Verdict {
    match status {
        Some("200") => Verdict::Pass,
        Some("302") => Verdict::Refuse(302),
        Some("401") => Verdict::Refuse(401),
        Some("403") => Verdict::Refuse(403),
        _ => Verdict::Failed,
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
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Filter {
    config: Rc<Config>,
}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        for name in &self.config.copy_headers {
            self.set_http_request_header(name, None);
        }
        let asked = |name: &str| text(self.get_http_request_header_bytes(name));
        let method = asked(":method").unwrap_or_default();
        let path = asked(":path").unwrap_or_default();
        let forwarded: Vec<(&str, String)> = self
            .config
            .forward_headers
            .iter()
            .filter_map(|name| Some((name.as_str(), asked(name)?)))
            .collect();
        let mut headers = vec![
            (":method", "POST"),
            (":path", self.config.path.as_str()),
            (":authority", self.config.cluster.as_str()),
            ("x-original-method", method.as_str()),
            ("x-original-path", path.as_str()),
        ];
        headers.extend(
            forwarded
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        let timeout = Duration::from_millis(self.config.timeout_ms);
        match self.dispatch_http_call(&self.config.cluster, headers, None, vec![], timeout) {
            Ok(_) => Action::Pause,
            Err(status) => {
                warn!("cannot ask {}: {status:?}", self.config.cluster);
                self.failed()
            }
        }
    }
}

impl Context for Filter {
    fn on_http_call_response(
        &mut self,
        _token_id: u32,
        _num_headers: usize,
        body_size: usize,
        _num_trailers: usize,
    ) {
        let status = text(self.get_http_call_response_header_bytes(":status"));
        match judge(status.as_deref()) {
            Verdict::Pass => {
                for name in &self.config.copy_headers {
                    let value = self.get_http_call_response_header_bytes(name);
                    self.set_http_request_header_bytes(name, value.as_deref());
                }
                self.resume_http_request();
            }
            Verdict::Refuse(status) => self.refuse(status, body_size),
            Verdict::Failed => {
                warn!("{} gave no verdict", self.config.cluster);
                if self.failed() == Action::Continue {
                    self.resume_http_request();
                }
            }
        }
    }
}

impl Filter {
    fn refuse(&self, status: u32, body_size: usize) {
        let kept: Vec<(&str, String)> = ["location", "www-authenticate", "content-type"]
            .into_iter()
            .filter_map(|name| Some((name, text(self.get_http_call_response_header_bytes(name))?)))
            .collect();
        let headers = kept
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let body = self
            .get_http_call_response_body(0, body_size)
            .unwrap_or_default();
        self.send_http_response(status, headers, Some(&body));
    }

    /// What happens without a verdict.
    fn failed(&self) -> Action {
        if self.config.fail_open {
            return Action::Continue;
        }
        self.send_http_response(503, vec![], Some(b"authorization is not available\n"));
        Action::Pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_200_passes() {
        assert_eq!(judge(Some("200")), Verdict::Pass);
        assert_eq!(judge(Some("401")), Verdict::Refuse(401));
        assert_eq!(judge(Some("204")), Verdict::Failed);
        assert_eq!(judge(None), Verdict::Failed);
    }

    #[test]
    fn the_configuration_is_checked() {
        assert!(!Config::parse(br#"{"cluster":"auth"}"#).unwrap().fail_open);
        for wrong in ["", "{}", r#"{"cluster":"auth","failopen":true}"#] {
            assert!(Config::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn any_bytes_are_text() {
        assert_eq!(text(None), None);
        assert_eq!(text(Some(b"a\xff".to_vec())).unwrap(), "a\u{fffd}");
    }
}
