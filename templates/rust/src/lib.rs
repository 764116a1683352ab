//! The filter: `Root` holds the configuration, one `Filter` follows each request.

mod config;

use std::rc::Rc;
use std::time::Duration;

use log::{error, info, warn};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, Bytes, ContextType, LogLevel};

use config::{judge, Config, Verdict};

const NAME: &str = env!("CARGO_PKG_NAME");
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::<Root>::default() });
}}

#[derive(Default)]
struct Root {
    config: Rc<Config>,
}

impl Context for Root {}

impl RootContext for Root {
    /// Called when the filter is loaded and on each change. `false` makes the proxy refuse the configuration.
    fn on_configure(&mut self, _plugin_configuration_size: usize) -> bool {
        match Config::parse(&self.get_plugin_configuration().unwrap_or_default()) {
            Ok(config) => {
                self.config = Rc::new(config);
                true
            }
            Err(reason) => {
                error!("invalid configuration: {reason}");
                false
            }
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter {
            config: Rc::clone(&self.config),
            request: String::new(),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Filter {
    /// As it was when the request came: a change in between does not mix two configurations in one request.
    config: Rc<Config>,
    /// Method and path, for the log line.
    request: String,
}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let method = text(self.get_http_request_header_bytes(":method")).unwrap_or_default();
        let path = text(self.get_http_request_header_bytes(":path")).unwrap_or_default();
        self.request = format!("{method} {path}");
        if self.config.blocks(&path) {
            return self.answer(403, &format!("blocked by {NAME}\n"));
        }
        self.set_http_request_header("x-greeting", Some(&self.config.greeting));
        if self.config.check_cluster.is_empty() {
            return Action::Continue;
        }
        self.ask(&path)
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.set_http_response_header("x-greeting", Some(&self.config.greeting));
        self.set_http_response_header("x-powered-by", None);
        Action::Continue
    }

    fn on_log(&mut self) {
        let status = text(self.get_http_response_header_bytes(":status")).unwrap_or_default();
        info!("{} {status}", self.request);
    }
}

impl Context for Filter {
    fn on_http_call_response(
        &mut self,
        _token_id: u32,
        _num_headers: usize,
        _body_size: usize,
        _num_trailers: usize,
    ) {
        let status = text(self.get_http_call_response_header_bytes(":status"));
        match judge(status.as_deref()) {
            Verdict::Allow => {
                self.set_http_request_header("x-checked", Some("yes"));
                self.resume_http_request();
            }
            Verdict::Deny => {
                self.answer(403, "request refused by check\n");
            }
            Verdict::Unavailable => {
                self.answer(503, "check is not available\n");
            }
        }
    }
}

impl Filter {
    /// Asks the check cluster; the request waits for `on_http_call_response`.
    fn ask(&self, path: &str) -> Action {
        let cluster = &self.config.check_cluster;
        let call = self.dispatch_http_call(
            cluster,
            vec![
                (":method", "GET"),
                (":path", "/check"),
                (":authority", cluster),
                ("x-original-path", path),
            ],
            None,
            vec![],
            CHECK_TIMEOUT,
        );
        match call {
            Ok(_) => Action::Pause,
            Err(status) => {
                warn!("cannot ask {cluster}: {status:?}");
                self.answer(503, "check is not available\n")
            }
        }
    }

    /// Answers the request here; it does not go upstream.
    fn answer(&self, status: u32, body: &str) -> Action {
        self.send_http_response(status, vec![("x-answered-by", NAME)], Some(body.as_bytes()));
        Action::Pause
    }
}

/// A header as text. Bytes that are no UTF-8 are replaced: `get_http_request_header` and its like would panic at them, and
/// a panic ends the filter for all requests.
fn text(value: Option<Bytes>) -> Option<String> {
    value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
