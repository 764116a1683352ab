//! The filter: `Root` holds the configuration, one `Connection` follows each TCP connection.

mod config;

use std::rc::Rc;

use log::{error, info};
use proxy_wasm::traits::{Context, RootContext, StreamContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

use config::Config;

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

    fn create_stream_context(&self, _context_id: u32) -> Option<Box<dyn StreamContext>> {
        Some(Box::new(Connection {
            config: Rc::clone(&self.config),
            received: 0,
            sent: 0,
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::StreamContext)
    }
}

struct Connection {
    config: Rc<Config>,
    /// Bytes from the client.
    received: usize,
    /// Bytes from the upstream.
    sent: usize,
}

impl StreamContext for Connection {
    fn on_downstream_data(&mut self, data_size: usize, _end_of_stream: bool) -> Action {
        let first = self.received == 0;
        self.received += data_size;
        if first && self.blocked(data_size) {
            info!("blocked");
            self.close_downstream();
            return Action::Pause;
        }
        Action::Continue
    }

    fn on_upstream_data(&mut self, data_size: usize, _end_of_stream: bool) -> Action {
        if self.sent == 0 && data_size > 0 && !self.config.banner.is_empty() {
            let line = format!("{}\n", self.config.banner);
            self.set_upstream_data(0, 0, line.as_bytes());
        }
        self.sent += data_size;
        Action::Continue
    }
}

impl Context for Connection {
    fn on_done(&mut self) -> bool {
        info!("{} bytes in, {} bytes out", self.received, self.sent);
        true
    }
}

impl Connection {
    fn blocked(&self, data_size: usize) -> bool {
        let wanted = self.config.blocked_prefix.len().min(data_size);
        let start = self.get_downstream_data(0, wanted).unwrap_or_default();
        self.config.blocks(&start)
    }
}
