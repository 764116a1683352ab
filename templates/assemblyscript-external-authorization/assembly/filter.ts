// Asks a service whether a request may pass, and hands its answer on.
import {
  BaseContext,
  BufferTypeValues,
  Context,
  FilterHeadersStatusValues,
  GrpcStatusValues,
  Headers,
  RootContext,
  WasmResultValues,
  get_buffer_bytes,
  makeHeaderPair,
  send_local_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import * as log from "./log";
import { Settings } from "./settings";

class Config {
  cluster: string;
  path: string;
  forwardHeaders: string[];
  copyHeaders: string[];
  timeoutMs: u32;
  failOpen: bool;
  /** What is wrong with the configuration; empty when it is good. */
  problem: string = "";

  constructor(json: string) {
    const settings = new Settings(json);
    this.cluster = settings.text("cluster", "");
    this.path = settings.text("path", "/authorize");
    this.forwardHeaders = settings.texts("forwardHeaders", [
      "authorization",
      "cookie",
    ]);
    this.copyHeaders = settings.texts("copyHeaders", []);
    const timeoutMs = settings.count("timeoutMs", 500);
    this.timeoutMs = <u32>min(timeoutMs, <u64>u32.MAX_VALUE);
    this.failOpen = settings.flag("failOpen", false);
    if (this.cluster == "") {
      settings.refuse("cluster must name the service that is asked");
    }
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
    const asked = stream_context.headers.request;
    const config = this.config;
    for (let i = 0; i < config.copyHeaders.length; i++) {
      asked.remove(config.copyHeaders[i]);
    }
    const headers: Headers = [
      makeHeaderPair(":method", "POST"),
      makeHeaderPair(":path", config.path),
      makeHeaderPair(":authority", config.cluster),
      makeHeaderPair("x-original-method", asked.get(":method")),
      makeHeaderPair("x-original-path", asked.get(":path")),
    ];
    for (let i = 0; i < config.forwardHeaders.length; i++) {
      const name = config.forwardHeaders[i];
      const value = asked.get(name);
      if (value != "") headers.push(makeHeaderPair(name, value));
    }
    const result = this.root_context.httpCall(
      config.cluster,
      headers,
      new ArrayBuffer(0),
      [],
      config.timeoutMs,
      this,
      (
        origin: BaseContext,
        headerCount: u32,
        bodySize: usize,
        trailerCount: u32,
      ) => {
        (origin as Filter).onAnswer(headerCount, bodySize);
      },
    );
    if (result == WasmResultValues.Ok) {
      return FilterHeadersStatusValues.StopIteration;
    }
    log.warn("cannot ask " + config.cluster + ": result " + result.toString());
    return this.failed()
      ? FilterHeadersStatusValues.Continue
      : FilterHeadersStatusValues.StopIteration;
  }

  onDone(): bool {
    return true;
  }

  onLog(): void {}

  onDelete(): void {}

  /** No headers at all means that there was no answer. */
  onAnswer(headerCount: u32, bodySize: usize): void {
    const answer = stream_context.headers.http_callback;
    const status = headerCount == 0 ? "" : answer.get(":status");
    if (status == "200") {
      const request = stream_context.headers.request;
      const names = this.config.copyHeaders;
      for (let i = 0; i < names.length; i++) {
        const value = answer.get(names[i]);
        if (value != "") request.replace(names[i], value);
      }
      this.continueRequest();
    } else if (status == "302" || status == "401" || status == "403") {
      refuse(<u32>I32.parseInt(status), bodySize);
    } else {
      log.warn(this.config.cluster + " gave no verdict");
      if (this.failed()) this.continueRequest();
    }
  }

  /** There is no verdict. Gives whether the request goes on all the same; if not, it is answered. */
  failed(): bool {
    if (this.config.failOpen) return true;
    const body = String.UTF8.encode("authorization is not available\n");
    respond(503, body, []);
    return false;
  }
}

/** The service's refusal goes to the client as it is. */
function refuse(status: u32, bodySize: usize): void {
  const names = ["location", "www-authenticate", "content-type"];
  const headers: Headers = [];
  for (let i = 0; i < names.length; i++) {
    const value = stream_context.headers.http_callback.get(names[i]);
    if (value != "") headers.push(makeHeaderPair(names[i], value));
  }
  const type = BufferTypeValues.HttpCallResponseBody;
  respond(status, get_buffer_bytes(type, 0, <u32>bodySize), headers);
}

function respond(status: u32, body: ArrayBuffer, headers: Headers): void {
  const none = GrpcStatusValues.InvalidCode;
  send_local_response(status, "{{name}}", body, headers, none);
}
