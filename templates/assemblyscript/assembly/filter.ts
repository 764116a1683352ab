// The filter: one FilterRoot for the configuration, one Filter for each request.
import {
  BaseContext,
  Context,
  FilterHeadersStatusValues,
  GrpcStatusValues,
  Headers,
  RootContext,
  WasmResultValues,
  makeHeaderPair,
  send_local_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Config, parseConfig } from "./config";
import * as log from "./log";

const checkTimeoutMs: u32 = 1000;

export class FilterRoot extends RootContext {
  config: Config = new Config();

  /** Called when the filter is loaded and on each change. `false` makes the proxy refuse the configuration. */
  onConfigure(size: u32): bool {
    // With size 0 the SDK would keep the text of the configuration before.
    if (size > 0) super.onConfigure(size);
    const config = parseConfig(size > 0 ? this.getConfiguration() : "");
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
export class Filter extends Context {
  /** As it was when the request came: a change in between does not mix two configurations in one request. */
  config: Config;
  /** Method and path, for the log line. */
  request: string = "";

  constructor(contextId: u32, root: RootContext, config: Config) {
    super(contextId, root);
    this.config = config;
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.request;
    const path = headers.get(":path");
    this.request = headers.get(":method") + " " + path;
    if (this.config.blocks(path)) return answer(403, "blocked by {{name}}\n");
    headers.replace("x-greeting", this.config.greeting);
    if (this.config.checkCluster == "") {
      return FilterHeadersStatusValues.Continue;
    }
    return this.ask(path);
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.response;
    headers.replace("x-greeting", this.config.greeting);
    headers.remove("x-powered-by");
    return FilterHeadersStatusValues.Continue;
  }

  onDone(): bool {
    return true;
  }

  onLog(): void {
    log.info(
      this.request + " " + stream_context.headers.response.get(":status"),
    );
  }

  onDelete(): void {}

  /** Asks the check cluster; the request waits for `onCheckAnswer`. */
  ask(path: string): FilterHeadersStatusValues {
    const cluster = this.config.checkCluster;
    const headers: Headers = [
      makeHeaderPair(":method", "GET"),
      makeHeaderPair(":path", "/check"),
      makeHeaderPair(":authority", cluster),
      makeHeaderPair("x-original-path", path),
    ];
    const result = this.root_context.httpCall(
      cluster,
      headers,
      new ArrayBuffer(0),
      [],
      checkTimeoutMs,
      this,
      (
        origin: BaseContext,
        headerCount: u32,
        bodySize: usize,
        trailerCount: u32,
      ) => {
        (origin as Filter).onCheckAnswer(headerCount);
      },
    );
    if (result == WasmResultValues.Ok) {
      return FilterHeadersStatusValues.StopIteration;
    }
    log.warn("cannot ask " + cluster + ": result " + result.toString());
    return answer(503, "check is not available\n");
  }

  /** No headers at all means that there was no answer. */
  onCheckAnswer(headerCount: u32): void {
    const status =
      headerCount == 0
        ? ""
        : stream_context.headers.http_callback.get(":status");
    if (status == "200") {
      stream_context.headers.request.replace("x-checked", "yes");
      this.continueRequest();
    } else if (status == "" || status.startsWith("5")) {
      answer(503, "check is not available\n");
    } else {
      answer(403, "request refused by check\n");
    }
  }
}

/** Answers the request here; it does not go upstream. */
function answer(status: u32, body: string): FilterHeadersStatusValues {
  const headers: Headers = [makeHeaderPair("x-answered-by", "{{name}}")];
  send_local_response(
    status,
    "{{name}}",
    String.UTF8.encode(body),
    headers,
    GrpcStatusValues.InvalidCode,
  );
  return FilterHeadersStatusValues.StopIteration;
}
