// Lets only requests pass that carry a valid JSON Web Token, signed with HS256.
import {
  Context,
  FilterHeadersStatusValues,
  GrpcStatusValues,
  RootContext,
  get_current_time_nanoseconds,
  makeHeaderPair,
  send_local_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import * as log from "./log";
import { Settings } from "./settings";
import { asHeader, checkToken } from "./token";

class Config {
  secret: string;
  /** What `iss` must be. Empty: anything. */
  issuer: string;
  /** Claim → request header that it is put into. */
  claimHeaders: Map<string, string>;
  /** What is wrong with the configuration; empty when it is good. */
  problem: string = "";

  constructor(json: string) {
    const settings = new Settings(json);
    this.secret = settings.text("secret", "");
    this.issuer = settings.text("issuer", "");
    this.claimHeaders = settings.textMap("claimHeaders");
    if (this.secret == "") settings.refuse("secret must not be empty");
    this.problem = settings.problem();
  }
}

export class FilterRoot extends RootContext {
  config: Config = new Config("");

  /** Called when the filter is loaded and on each change. `false` makes the proxy refuse the configuration. */
  onConfigure(size: u32): bool {
    // With size 0 the SDK would keep the text of the configuration before.
    if (size > 0) super.onConfigure(size);
    const config = new Config(size > 0 ? this.getConfiguration() : "");
    if (config.problem != "") {
      log.error("invalid configuration: " + config.problem);
      return false;
    }
    this.config = config;
    return true;
  }

  createContext(contextId: u32): Context {
    return new Filter(contextId, this, this.config);
  }
}

/** One HTTP exchange. */
class Filter extends Context {
  config: Config;

  constructor(contextId: u32, root: RootContext, config: Config) {
    super(contextId, root);
    this.config = config;
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.request;
    const authorization = headers.get("authorization");
    if (!authorization.startsWith("Bearer ")) return refuse("no token");
    const token = authorization.substring("Bearer ".length).trim();
    const now = Math.floor(<f64>get_current_time_nanoseconds() / 1e9);
    const config = this.config;
    const checked = checkToken(token, config.secret, config.issuer, now);
    if (checked.problem != "") return refuse(checked.problem);
    const claims = config.claimHeaders.keys();
    for (let i = 0; i < claims.length; i++) {
      const claim = claims[i];
      const name = config.claimHeaders.get(claim);
      const value = checked.claims.has(claim)
        ? asHeader(checked.claims.get(claim))
        : "";
      if (value == "") headers.remove(name);
      else headers.replace(name, value);
    }
    return FilterHeadersStatusValues.Continue;
  }

  onDone(): bool {
    return true;
  }

  onLog(): void {}

  onDelete(): void {}
}

function refuse(reason: string): FilterHeadersStatusValues {
  send_local_response(
    401,
    "{{name}}",
    String.UTF8.encode(reason + "\n"),
    [makeHeaderPair("www-authenticate", "Bearer")],
    GrpcStatusValues.InvalidCode,
  );
  return FilterHeadersStatusValues.StopIteration;
}
