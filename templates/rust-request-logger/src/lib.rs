//! Logs each request as one line of JSON when it is over, and keeps metrics of them.

use std::rc::Rc;
use std::time::SystemTime;

use log::{error, info};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, Bytes, ContextType, LogLevel, MetricType, Status};
use serde::{Deserialize, Serialize};

const NAME: &str = env!("CARGO_PKG_NAME");

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::<Root>::default() });
}}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Request headers that are logged too.
    headers: Vec<String>,
}

impl Config {
    fn parse(json: &[u8]) -> Result<Self, String> {
        let json = if json.trim_ascii().is_empty() {
            b"{}"
        } else {
            json
        };
        serde_json::from_slice(json).map_err(|reason| reason.to_string())
    }
}

/// The log line. Fields keep their order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    method: &'a str,
    path: &'a str,
    status: &'a str,
    duration_ms: u64,
    headers: &'a [(String, String)],
}

/// Metrics by the numbers that the proxy gave them.
#[derive(Clone, Copy, Default)]
struct Metrics {
    requests: [u32; 5],
    duration: u32,
}

impl Metrics {
    fn define() -> Result<Self, Status> {
        let mut metrics = Metrics::default();
        for (class, metric) in (1..).zip(&mut metrics.requests) {
            let name = format!("{NAME}_requests_{class}xx");
            *metric = hostcalls::define_metric(MetricType::Counter, &name)?;
        }
        let name = format!("{NAME}_duration_ms");
        metrics.duration = hostcalls::define_metric(MetricType::Histogram, &name)?;
        Ok(metrics)
    }

    fn count(&self, status: &str, duration_ms: u64) -> Result<(), Status> {
        if let Some(class) = class_of(status) {
            hostcalls::increment_metric(self.requests[class], 1)?;
        }
        hostcalls::record_metric(self.duration, duration_ms)
    }
}

/// 0 for 1xx … 4 for 5xx; none for what is no status.
fn class_of(status: &str) -> Option<usize> {
    match status.parse::<usize>() {
        Ok(code @ 100..=599) => Some(code / 100 - 1),
        _ => None,
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
    metrics: Metrics,
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
        match Metrics::define() {
            Ok(metrics) => self.metrics = metrics,
            Err(status) => {
                error!("no metrics: {status:?}");
                return false;
            }
        }
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter {
            config: Rc::clone(&self.config),
            metrics: self.metrics,
            started: self.get_current_time(),
            method: String::new(),
            path: String::new(),
            headers: Vec::new(),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Filter {
    config: Rc<Config>,
    metrics: Metrics,
    started: SystemTime,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.method = text(self.get_http_request_header_bytes(":method")).unwrap_or_default();
        self.path = text(self.get_http_request_header_bytes(":path")).unwrap_or_default();
        for name in &self.config.headers {
            if let Some(value) = text(self.get_http_request_header_bytes(name)) {
                self.headers.push((name.clone(), value));
            }
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        let status = text(self.get_http_response_header_bytes(":status")).unwrap_or_default();
        let elapsed = self
            .get_current_time()
            .duration_since(self.started)
            .unwrap_or_default();
        let duration_ms = elapsed.as_millis() as u64;
        let entry = Entry {
            method: &self.method,
            path: &self.path,
            status: &status,
            duration_ms,
            headers: &self.headers,
        };
        info!("{}", serde_json::to_string(&entry).unwrap_or_default());
        if let Err(status) = self.metrics.count(&status, duration_ms) {
            error!("not counted: {status:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_classes() {
        assert_eq!(class_of("100"), Some(0));
        assert_eq!(class_of("204"), Some(1));
        assert_eq!(class_of("599"), Some(4));
        for none in ["", "0", "99", "600", "abc"] {
            assert_eq!(class_of(none), None, "{none}");
        }
    }

    #[test]
    fn the_configuration_is_checked() {
        assert!(Config::parse(b"").unwrap().headers.is_empty());
        assert!(Config::parse(br#"{"header":[]}"#).is_err());
    }

    #[test]
    fn any_bytes_are_text() {
        assert_eq!(text(None), None);
        assert_eq!(text(Some(b"a\xff".to_vec())).unwrap(), "a\u{fffd}");
    }
}
