// Logs each request as one line of JSON when it is over, and keeps metrics of them.
import {
  Context,
  Counter,
  FilterHeadersStatusValues,
  Histogram,
  RootContext,
  get_current_time_nanoseconds,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { quote } from "./json";
import * as log from "./log";
import { Settings } from "./settings";

class Config {
  /** Request headers that are logged too. */
  headers: string[];
  /** What is wrong with the configuration; empty when it is good. */
  problem: string = "";

  constructor(json: string) {
    const settings = new Settings(json);
    this.headers = settings.texts("headers", []);
    this.problem = settings.problem();
  }
}

/** Counters of the classes of statuses, and how long requests took. */
class Metrics {
  requests: Counter[] = [];
  duration: Histogram = new Histogram("{{name}}_duration_ms");

  constructor() {
    for (let number = 1; number <= 5; number++) {
      const name = "{{name}}_requests_" + number.toString() + "xx";
      this.requests.push(new Counter(name));
    }
  }

  count(status: string, durationMs: u64): void {
    const number = status.length == 3 ? status.charCodeAt(0) - 48 : 0;
    if (number >= 1 && number <= 5) this.requests[number - 1].increment(1);
    this.duration.record(this.duration.metric_id, durationMs);
  }
}

export class FilterRoot extends RootContext {
  config: Config = new Config("");
  metrics: Metrics | null = null;

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
    this.metrics = new Metrics();
    return true;
  }

  createContext(contextId: u32): Context {
    return new Filter(contextId, this, this.config, this.metrics!);
  }
}

/** One HTTP exchange. */
class Filter extends Context {
  config: Config;
  metrics: Metrics;
  started: u64 = get_current_time_nanoseconds();
  method: string = "";
  path: string = "";
  /** Names and values, as JSON. */
  headers: string[] = [];

  constructor(
    contextId: u32,
    root: RootContext,
    config: Config,
    metrics: Metrics,
  ) {
    super(contextId, root);
    this.config = config;
    this.metrics = metrics;
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.request;
    this.method = headers.get(":method");
    this.path = headers.get(":path");
    const names = this.config.headers;
    for (let i = 0; i < names.length; i++) {
      const value = headers.get(names[i]);
      if (value == "") continue;
      this.headers.push("[" + quote(names[i]) + "," + quote(value) + "]");
    }
    return FilterHeadersStatusValues.Continue;
  }

  onDone(): bool {
    return true;
  }

  onLog(): void {
    const status = stream_context.headers.response.get(":status");
    const now = get_current_time_nanoseconds();
    // A clock may be set back.
    const durationMs = now > this.started ? (now - this.started) / 1000000 : 0;
    const fields = [
      '"method":' + quote(this.method),
      '"path":' + quote(this.path),
      '"status":' + quote(status),
      '"durationMs":' + durationMs.toString(),
      '"headers":[' + this.headers.join(",") + "]",
    ];
    log.info("{" + fields.join(",") + "}");
    this.metrics.count(status, durationMs);
  }

  onDelete(): void {}
}
