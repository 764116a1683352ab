// Limits how many requests a client may make in a window of time. All worker threads of the proxy count together.
import {
  Context,
  FilterHeadersStatusValues,
  GrpcStatusValues,
  RootContext,
  WasmResultValues,
  get_current_time_nanoseconds,
  get_property,
  get_shared_data,
  makeHeaderPair,
  send_local_response,
  set_shared_data,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import * as log from "./log";
import { Settings } from "./settings";

/** How often a count is tried again when another thread was faster. */
const maxTries: i32 = 20;

class Config {
  limit: u64;
  windowMs: u64;
  /** Header that tells clients apart. Empty: their address does. */
  keyHeader: string;
  /** What is wrong with the configuration; empty when it is good. */
  problem: string = "";

  constructor(json: string) {
    const settings = new Settings(json);
    this.limit = settings.count("limit", 100);
    this.windowMs = settings.count("windowMs", 60000);
    this.keyHeader = settings.text("keyHeader", "");
    if (this.windowMs == 0) settings.refuse("windowMs must be more than 0");
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
    const nowMs = get_current_time_nanoseconds() / 1000000;
    const windowMs = this.config.windowMs;
    if (this.count(nowMs / windowMs) <= this.config.limit) {
      return FilterHeadersStatusValues.Continue;
    }
    const restMs = windowMs - (nowMs % windowMs);
    const seconds = (restMs + 999) / 1000;
    send_local_response(
      429,
      "{{name}}",
      String.UTF8.encode("too many requests\n"),
      [makeHeaderPair("retry-after", seconds.toString())],
      GrpcStatusValues.InvalidCode,
    );
    return FilterHeadersStatusValues.StopIteration;
  }

  onDone(): bool {
    return true;
  }

  onLog(): void {}

  onDelete(): void {}

  /** Requests of the client in this window, this one included; 0 when they could not be counted. */
  count(window: u64): u64 {
    const key = this.key();
    for (let tries = 0; tries < maxTries; tries++) {
      const before = get_shared_data(key);
      const requests = requestsIn(before.value, window) + 1;
      const result = set_shared_data(key, pack(window, requests), before.cas);
      if (result == WasmResultValues.Ok) return requests;
      if (result != WasmResultValues.CasMismatch) {
        log.error("shared data: result " + result.toString());
        return 0;
      }
    }
    log.warn(
      "not counted: other threads were faster " +
        maxTries.toString() +
        " times",
    );
    return 0;
  }

  key(): string {
    const header = this.config.keyHeader;
    const client =
      header == "" ? address() : stream_context.headers.request.get(header);
    return "{{name}}:" + client;
  }
}

/** The client's address without the port, which differs for each connection. */
function address(): string {
  const address = String.UTF8.decode(get_property("source\0address"));
  const colon = address.lastIndexOf(":");
  return colon < 0 ? address : address.substring(0, colon);
}

/** What is kept for a client: which window, and how many requests in it. */
function pack(window: u64, requests: u64): ArrayBuffer {
  const bytes = new ArrayBuffer(16);
  store<u64>(changetype<usize>(bytes), window);
  store<u64>(changetype<usize>(bytes), requests, 8);
  return bytes;
}

/** How many requests were kept for this window; 0 for another window, or what `pack` did not write. */
function requestsIn(bytes: ArrayBuffer | null, window: u64): u64 {
  if (bytes == null || bytes.byteLength != 16) return 0;
  if (load<u64>(changetype<usize>(bytes)) != window) return 0;
  return load<u64>(changetype<usize>(bytes), 8);
}
