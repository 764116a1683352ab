// A service beside the traffic: asks a cluster at intervals whether it is up, and tells by metrics, log and shared data.
import {
  BaseContext,
  Counter,
  Gauge,
  RootContext,
  WasmResultValues,
  makeHeaderPair,
  set_shared_data,
  set_tick_period_milliseconds,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Config, parseConfig } from "./config";
import * as log from "./log";

enum State {
  Unknown,
  Up,
  Down,
}

export class Watcher extends RootContext {
  config: Config = new Config();
  up: Gauge = new Gauge("{{name}}_up");
  checks: Counter = new Counter("{{name}}_checks");
  /** As it was at the last check. */
  state: State = State.Unknown;

  /** Called at the start and on each change. `false` makes the proxy refuse the configuration. */
  onConfigure(size: u32): bool {
    // With size 0 the SDK would keep the text of the configuration before.
    if (size > 0) super.onConfigure(size);
    const config = parseConfig(size > 0 ? this.getConfiguration() : "");
    if (config.problem != "") {
      log.error("invalid configuration: " + config.problem);
      return false;
    }
    this.config = config;
    set_tick_period_milliseconds(config.intervalMs);
    return true;
  }

  onTick(): void {
    const cluster = this.config.cluster;
    if (cluster == "") return;
    const result = this.httpCall(
      cluster,
      [
        makeHeaderPair(":method", "GET"),
        makeHeaderPair(":path", this.config.path),
        makeHeaderPair(":authority", cluster),
      ],
      new ArrayBuffer(0),
      [],
      this.config.intervalMs,
      this,
      (origin: BaseContext, headerCount: u32, size: usize, trailers: u32) => {
        (origin as Watcher).onAnswer(headerCount);
      },
    );
    if (result == WasmResultValues.Ok) return;
    log.warn("cannot ask " + cluster + ": result " + result.toString());
    this.note(State.Down);
  }

  /** No headers at all means that there was no answer. */
  onAnswer(headerCount: u32): void {
    check("metric checks", this.checks.increment(1));
    const headers = stream_context.headers.http_callback;
    const status = headerCount == 0 ? "" : headers.get(":status");
    this.note(status.startsWith("2") ? State.Up : State.Down);
  }

  /** Tells when something has changed. */
  note(state: State): void {
    if (state == this.state) return;
    this.state = state;
    const text = state == State.Up ? "up" : "down";
    log.info(this.config.cluster + " is " + text);
    const value = state == State.Up ? 1 : 0;
    check("metric up", this.up.record(this.up.metric_id, value));
    const told = set_shared_data("{{name}}.status", String.UTF8.encode(text));
    check("shared data", told);
  }
}

/** Logs what the proxy refused to do. */
function check(what: string, result: WasmResultValues): void {
  if (result != WasmResultValues.Ok) {
    log.warn(what + ": the proxy answered with result " + result.toString());
  }
}
