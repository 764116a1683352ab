//! HTTP filter: greets in both directions, blocks a path, and may ask another service before a request goes on.

mod config;

use std::rc::Rc;
use std::time::Duration;

use log::{error, info, warn};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

use config::{judge, Config, Verdict};

const FILTER_NAME: &str = env!("CARGO_PKG_NAME");
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::<Root>::default() });
}}

/// One for each plugin configuration; makes a `Stream` for each request.
#[derive(Default)]
struct Root {
    config: Rc<Config>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _plugin_configuration_size: usize) -> bool {
        let bytes = self.get_plugin_configuration().unwrap_or_default();
        match Config::parse(&bytes) {
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
        Some(Box::new(Stream {
            config: Rc::clone(&self.config),
            request: String::new(),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One HTTP exchange.
struct Stream {
    config: Rc<Config>,
    /// Method and path, for the log line.
    request: String,
}

impl Stream {
    /// Asks the check cluster; the request waits for `on_http_call_response`.
    fn ask(&self, path: &str) -> Action {
        let call = self.dispatch_http_call(
            &self.config.check_cluster,
            vec![
                (":method", "GET"),
                (":path", "/check"),
                (":authority", &self.config.check_cluster),
                ("x-original-path", path),
            ],
            None,
            vec![],
            CHECK_TIMEOUT,
        );
        if let Err(status) = call {
            warn!("cannot ask {}: {status:?}", self.config.check_cluster);
            self.answer(503, "check is not available\n");
        }
        Action::Pause
    }

    fn answer(&self, status: u32, body: &str) {
        self.send_http_response(
            status,
            vec![("x-answered-by", FILTER_NAME)],
            Some(body.as_bytes()),
        );
    }
}

impl Context for Stream {
    fn on_http_call_response(
        &mut self,
        _token: u32,
        _headers: usize,
        _body_size: usize,
        _trailers: usize,
    ) {
        let status = self.get_http_call_response_header(":status");
        match judge(status.as_deref()) {
            Verdict::Allow => {
                self.set_http_request_header("x-checked", Some("yes"));
                self.resume_http_request();
            }
            Verdict::Deny => self.answer(403, "request refused by check\n"),
            Verdict::Unavailable => self.answer(503, "check is not available\n"),
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let method = self.get_http_request_header(":method").unwrap_or_default();
        let path = self.get_http_request_header(":path").unwrap_or_default();
        self.request = format!("{method} {path}");

        if self.config.blocks(&path) {
            self.answer(403, &format!("blocked by {FILTER_NAME}\n"));
            return Action::Pause;
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
        let status = self.get_http_response_header(":status").unwrap_or_default();
        info!("{} {status}", self.request);
    }
}
