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

const authTimeoutMs: u32 = 1000;

export class FilterRoot extends RootContext {
  config: Config = new Config();

  /** Called when the filter is loaded and on each change. `false` makes the proxy refuse the configuration. */
  onConfigure(size: u32): bool {
    // The SDK reads the text from the proxy; with size 0 it would keep the text of the configuration before.
    if (size > 0) super.onConfigure(size);
    const config = parseConfig(size > 0 ? this.getConfiguration() : "");
    if (config.problem != "") {
      log.error("configuration refused: " + config.problem);
      return false;
    }
    this.config = config;
    log.info("configured: hello " + config.value);
    return true;
  }

  createContext(contextId: u32): Context {
    return new Filter(contextId, this, this.config);
  }
}

export class Filter extends Context {
  /** As it was when the request came: a change in between does not mix two configurations in one request. */
  config: Config;

  constructor(contextId: u32, root: RootContext, config: Config) {
    super(contextId, root);
    this.config = config;
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const request = stream_context.headers.request;
    const path = request.get(":path");
    if (
      this.config.denyPrefix != "" &&
      path.startsWith(this.config.denyPrefix)
    ) {
      return reply(403, "denied by {{name}}\n");
    }
    request.replace("x-filter", "{{name}}");
    request.remove("x-internal");
    return this.config.authCluster == ""
      ? FilterHeadersStatusValues.Continue
      : this.askAuth(path);
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    stream_context.headers.response.replace("hello", this.config.value);
    return FilterHeadersStatusValues.Continue;
  }

  onDone(): bool {
    return true;
  }

  onLog(): void {}

  onDelete(): void {}

  /** Holds the request until the authorization service has answered. */
  askAuth(path: string): FilterHeadersStatusValues {
    const headers: Headers = [
      makeHeaderPair(":method", "GET"),
      makeHeaderPair(":path", "/check"),
      makeHeaderPair(":authority", this.config.authCluster),
      makeHeaderPair("x-original-path", path),
    ];
    const result = this.root_context.httpCall(
      this.config.authCluster,
      headers,
      new ArrayBuffer(0),
      [],
      authTimeoutMs,
      this,
      (
        origin: BaseContext,
        headerCount: u32,
        bodySize: usize,
        trailerCount: u32,
      ) => {
        (origin as Filter).onAuthAnswer(headerCount);
      },
    );
    if (result != WasmResultValues.Ok) {
      log.warn(
        'cannot call cluster "' +
          this.config.authCluster +
          '": result ' +
          result.toString(),
      );
      return reply(503, "authorization is not available\n");
    }
    return FilterHeadersStatusValues.StopIteration;
  }

  /** No headers at all means that the call failed: then nobody has allowed the request. */
  onAuthAnswer(headerCount: u32): void {
    const status =
      headerCount == 0
        ? "none"
        : stream_context.headers.http_callback.get(":status");
    if (status == "200") {
      stream_context.headers.request.replace("x-auth-status", status);
      this.continueRequest();
    } else if (status == "401" || status == "403") {
      reply(403, "not allowed\n");
    } else {
      log.warn("authorization failed, status " + status);
      reply(503, "authorization is not available\n");
    }
  }
}

/** Answers the request here; it does not go upstream. */
function reply(status: u32, body: string): FilterHeadersStatusValues {
  const headers: Headers = [makeHeaderPair("content-type", "text/plain")];
  send_local_response(
    status,
    "{{name}}",
    String.UTF8.encode(body),
    headers,
    GrpcStatusValues.InvalidCode,
  );
  return FilterHeadersStatusValues.StopIteration;
}
