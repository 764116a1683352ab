//! Lets only requests pass that carry a valid JSON Web Token, signed with HS256.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::UNIX_EPOCH;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use hmac::{Hmac, Mac};
use log::error;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, Bytes, ContextType, LogLevel};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::Sha256;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::<Root>::default() });
}}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    secret: String,
    /// What `iss` must be. Empty: anything.
    issuer: String,
    /// Claim → request header that it is put into.
    claim_headers: BTreeMap<String, String>,
}

impl Config {
    fn parse(json: &[u8]) -> Result<Self, String> {
        let config: Config = serde_json::from_slice(json).map_err(|reason| reason.to_string())?;
        if config.secret.is_empty() {
            return Err("secret must not be empty".to_string());
        }
        Ok(config)
    }

    /// The claims of a valid token, or why it is refused. Nothing in it is read before its signature is checked.
    fn check(&self, token: &str, now: u64) -> Result<Map<String, Value>, &'static str> {
        let (signed, signature) = token.rsplit_once('.').ok_or("not a token")?;
        let (header, payload) = signed.split_once('.').ok_or("not a token")?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| "not a token")?;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).map_err(|_| "bad key")?;
        mac.update(signed.as_bytes());
        mac.verify_slice(&signature)
            .map_err(|_| "wrong signature")?;
        if decode(header)?.get("alg") != Some(&Value::from("HS256")) {
            return Err("wrong algorithm");
        }
        let claims = decode(payload)?;
        // A time that is no number is refused too.
        let is_past = |time: &Value| time.as_f64().is_none_or(|time| time <= now as f64);
        let is_later = |time: &Value| time.as_f64().is_none_or(|time| time > now as f64);
        if claims.get("exp").is_some_and(is_past) {
            return Err("expired");
        }
        if claims.get("nbf").is_some_and(is_later) {
            return Err("not yet valid");
        }
        if !self.issuer.is_empty() && claims.get("iss") != Some(&Value::from(self.issuer.as_str()))
        {
            return Err("wrong issuer");
        }
        Ok(claims)
    }
}

fn decode(part: &str) -> Result<Map<String, Value>, &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| "not a token")?;
    serde_json::from_slice(&bytes).map_err(|_| "not a token")
}

/// A claim as a header's value: text as it is, anything else as JSON. None where it could not be one: a line break in a
/// signed claim must not become a header of its own.
fn as_header(claim: &Value) -> Option<String> {
    let value = claim
        .as_str()
        .map_or_else(|| claim.to_string(), str::to_string);
    (!value.chars().any(char::is_control)).then_some(value)
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
        let authorization =
            text(self.get_http_request_header_bytes("authorization")).unwrap_or_default();
        let now = self
            .get_current_time()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let checked = match authorization.strip_prefix("Bearer ") {
            Some(token) => self.config.check(token.trim(), now),
            None => Err("no token"),
        };
        match checked {
            Ok(claims) => {
                for (claim, header) in &self.config.claim_headers {
                    let value = claims.get(claim).and_then(as_header);
                    self.set_http_request_header(header, value.as_deref());
                }
                Action::Continue
            }
            Err(reason) => {
                let body = format!("{reason}\n");
                self.send_http_response(
                    401,
                    vec![("www-authenticate", "Bearer")],
                    Some(body.as_bytes()),
                );
                Action::Pause
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> Config {
        Config::parse(json.as_bytes()).unwrap()
    }

    fn token(header: &str, claims: &str, secret: &str) -> String {
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        )
    }

    #[test]
    fn a_valid_token_gives_its_claims() {
        let good = token(
            r#"{"alg":"HS256"}"#,
            r#"{"sub":"ann","exp":101,"nbf":100}"#,
            "key",
        );
        let claims = config(r#"{"secret":"key"}"#).check(&good, 100).unwrap();
        assert_eq!(as_header(&claims["sub"]).unwrap(), "ann");
        assert_eq!(as_header(&claims["exp"]).unwrap(), "101");
        assert_eq!(as_header(&Value::from("ann\r\nx-admin: 1")), None);
    }

    #[test]
    fn anything_else_is_refused() {
        let config = config(r#"{"secret":"key","issuer":"me"}"#);
        let hs256 = r#"{"alg":"HS256"}"#;
        for (token, reason) in [
            (token(hs256, "{}", "other"), "wrong signature"),
            (token(r#"{"alg":"none"}"#, "{}", "key"), "wrong algorithm"),
            (token(hs256, r#"{"exp":100}"#, "key"), "expired"),
            (token(hs256, r#"{"exp":"later"}"#, "key"), "expired"),
            (token(hs256, r#"{"nbf":101}"#, "key"), "not yet valid"),
            (token(hs256, r#"{"iss":"you"}"#, "key"), "wrong issuer"),
            (token(hs256, "[]", "key"), "not a token"),
            ("a.b.c".to_string(), "not a token"),
            ("".to_string(), "not a token"),
        ] {
            assert_eq!(config.check(&token, 100).unwrap_err(), reason, "{token}");
        }
    }

    #[test]
    fn the_configuration_is_checked() {
        for wrong in ["", "{}", r#"{"secret":""}"#, r#"{"secret":"a","key":"b"}"#] {
            assert!(Config::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn any_bytes_are_text() {
        assert_eq!(text(None), None);
        assert_eq!(text(Some(b"a\xff".to_vec())).unwrap(), "a\u{fffd}");
    }
}
