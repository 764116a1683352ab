//! Sets and removes headers, as the configuration says.

use std::collections::BTreeMap;
use std::rc::Rc;

use log::error;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use serde::Deserialize;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::<Root>::default() });
}}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    request: BTreeMap<String, String>,
    response: BTreeMap<String, String>,
    remove_from_request: Vec<String>,
    remove_from_response: Vec<String>,
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
        for name in &self.config.remove_from_request {
            self.set_http_request_header(name, None);
        }
        for (name, value) in &self.config.request {
            self.set_http_request_header(name, Some(value));
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        for name in &self.config.remove_from_response {
            self.set_http_response_header(name, None);
        }
        for (name, value) in &self.config.response {
            self.set_http_response_header(name, Some(value));
        }
        Action::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_checked() {
        let config = Config::parse(br#"{"response":{"a":"b"}}"#).unwrap();
        assert_eq!(config.response["a"], "b");
        assert!(Config::parse(b"").unwrap().request.is_empty());
        assert!(Config::parse(br#"{"respnse":{}}"#).is_err());
        assert!(Config::parse(br#"{"response":{"a":1}}"#).is_err());
    }
}
