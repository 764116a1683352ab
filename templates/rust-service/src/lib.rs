//! A service beside the traffic: asks a cluster at intervals whether it is up, and tells by metrics, log and shared data.

mod config;

use std::time::Duration;

use log::{error, info, warn};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, RootContext};
use proxy_wasm::types::{LogLevel, MetricType, Status};

use config::{is_up, Config};

const NAME: &str = env!("CARGO_PKG_NAME");

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::<Watcher>::default() });
}}

#[derive(Default)]
struct Watcher {
    config: Config,
    /// Metrics by the number that the proxy gave them.
    up: u32,
    checks: u32,
    /// As it was at the last check.
    is_up: Option<bool>,
}

impl RootContext for Watcher {
    /// Called at the start and on each change. `false` makes the proxy refuse the configuration.
    fn on_configure(&mut self, _plugin_configuration_size: usize) -> bool {
        match self.configure() {
            Ok(()) => true,
            Err(reason) => {
                error!("invalid configuration: {reason}");
                false
            }
        }
    }

    fn on_tick(&mut self) {
        let cluster = self.config.cluster.clone();
        if cluster.is_empty() {
            return;
        }
        let call = self.dispatch_http_call(
            &cluster,
            vec![
                (":method", "GET"),
                (":path", &self.config.path),
                (":authority", &cluster),
            ],
            None,
            vec![],
            Duration::from_millis(self.config.interval_ms.into()),
        );
        if let Err(status) = call {
            warn!("cannot ask {cluster}: {status:?}");
            self.note(false);
        }
    }
}

impl Context for Watcher {
    fn on_http_call_response(
        &mut self,
        _token_id: u32,
        _num_headers: usize,
        _body_size: usize,
        _num_trailers: usize,
    ) {
        let status = self.get_http_call_response_header(":status");
        if let Err(status) = hostcalls::increment_metric(self.checks, 1) {
            warn!("metric not counted: {status:?}");
        }
        self.note(is_up(status.as_deref()));
    }
}

impl Watcher {
    fn configure(&mut self) -> Result<(), String> {
        self.config = Config::parse(&self.get_plugin_configuration().unwrap_or_default())?;
        let define = |kind, name: &str| {
            hostcalls::define_metric(kind, &format!("{NAME}_{name}"))
                .map_err(|status: Status| format!("metric {name}: {status:?}"))
        };
        self.up = define(MetricType::Gauge, "up")?;
        self.checks = define(MetricType::Counter, "checks")?;
        self.set_tick_period(Duration::from_millis(self.config.interval_ms.into()));
        Ok(())
    }

    /// Tells when something has changed.
    fn note(&mut self, is_up: bool) {
        if self.is_up == Some(is_up) {
            return;
        }
        self.is_up = Some(is_up);
        let text = if is_up { "up" } else { "down" };
        info!("{} is {text}", self.config.cluster);
        let told = hostcalls::record_metric(self.up, is_up.into()).and_then(|()| {
            self.set_shared_data(&format!("{NAME}.status"), Some(text.as_bytes()), None)
        });
        if let Err(status) = told {
            warn!("state not told: {status:?}");
        }
    }
}
