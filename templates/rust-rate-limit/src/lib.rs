//! Limits how many requests a client may make in a window of time. All worker threads of the proxy count together.

use std::rc::Rc;
use std::time::UNIX_EPOCH;

use log::{error, warn};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, Bytes, ContextType, LogLevel, Status};
use serde::Deserialize;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::<Root>::default() });
}}

/// How often a count is tried again when another thread was faster.
const MAX_TRIES: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    limit: u64,
    window_ms: u64,
    /// Header that tells clients apart. Empty: their address does.
    key_header: String,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            limit: 100,
            window_ms: 60_000,
            key_header: String::new(),
        }
    }
}

impl Config {
    fn parse(json: &[u8]) -> Result<Self, String> {
        let json = if json.trim_ascii().is_empty() {
            b"{}"
        } else {
            json
        };
        let config: Config = serde_json::from_slice(json).map_err(|reason| reason.to_string())?;
        if config.window_ms == 0 {
            return Err("windowMs must be more than 0".to_string());
        }
        Ok(config)
    }
}

/// What is kept for a client: which window, and how many requests in it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Count {
    window: u64,
    requests: u64,
}

impl Count {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (window, requests) = bytes.split_at_checked(8)?;
        Some(Count {
            window: u64::from_le_bytes(window.try_into().ok()?),
            requests: u64::from_le_bytes(requests.try_into().ok()?),
        })
    }

    fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.window.to_le_bytes());
        bytes[8..].copy_from_slice(&self.requests.to_le_bytes());
        bytes
    }

    /// One more request in `window`.
    fn next(before: Option<Count>, window: u64) -> Self {
        let requests = before
            .filter(|count| count.window == window)
            .map_or(0, |count| count.requests);
        Count {
            window,
            requests: requests + 1,
        }
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

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let now_ms = self
            .get_current_time()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis() as u64;
        let Some(count) = self.count(now_ms / self.config.window_ms) else {
            warn!("not counted: other threads were faster {MAX_TRIES} times");
            return Action::Continue;
        };
        if count.requests <= self.config.limit {
            return Action::Continue;
        }
        let rest_ms = self.config.window_ms - now_ms % self.config.window_ms;
        let seconds = rest_ms.div_ceil(1000).to_string();
        self.send_http_response(
            429,
            vec![("retry-after", &seconds)],
            Some(b"too many requests\n"),
        );
        Action::Pause
    }
}

impl Filter {
    fn key(&self) -> String {
        let client = if self.config.key_header.is_empty() {
            let address = self
                .get_property(vec!["source", "address"])
                .unwrap_or_default();
            let address = String::from_utf8_lossy(&address).into_owned();
            // Without the port, which differs for each connection.
            address
                .rsplit_once(':')
                .map_or(address.clone(), |(host, _)| host.to_string())
        } else {
            text(self.get_http_request_header_bytes(&self.config.key_header)).unwrap_or_default()
        };
        format!("{}:{client}", env!("CARGO_PKG_NAME"))
    }

    /// The client's count with this request in it.
    fn count(&self, window: u64) -> Option<Count> {
        let key = self.key();
        for _ in 0..MAX_TRIES {
            let (value, cas) = self.get_shared_data(&key);
            let count = Count::next(value.as_deref().and_then(Count::from_bytes), window);
            match self.set_shared_data(&key, Some(&count.to_bytes()), cas) {
                Err(Status::CasMismatch) => {}
                Ok(()) => return Some(count),
                Err(status) => {
                    error!("shared data: {status:?}");
                    return None;
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_from_one() {
        let first = Count::next(None, 7);
        assert_eq!(first.requests, 1);
        assert_eq!(Count::next(Some(first), 7).requests, 2);
        assert_eq!(Count::next(Some(first), 8).requests, 1);
    }

    #[test]
    fn counts_are_kept_as_bytes() {
        let count = Count {
            window: 7,
            requests: 300,
        };
        assert_eq!(Count::from_bytes(&count.to_bytes()), Some(count));
        assert_eq!(Count::from_bytes(b"damaged"), None);
    }

    #[test]
    fn the_configuration_is_checked() {
        assert_eq!(Config::parse(b"").unwrap().limit, 100);
        for wrong in [r#"{"windowMs":0}"#, r#"{"limit":"1"}"#, r#"{"limits":1}"#] {
            assert!(Config::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn any_bytes_are_text() {
        assert_eq!(text(None), None);
        assert_eq!(text(Some(b"a\xff".to_vec())).unwrap(), "a\u{fffd}");
    }
}
