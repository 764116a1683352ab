// Replaces what matches a pattern in response bodies, so that it does not leave.
import {
  BufferTypeValues,
  Context,
  FilterDataStatusValues,
  FilterHeadersStatusValues,
  FilterTrailersStatusValues,
  RootContext,
  get_buffer_bytes,
  set_buffer_bytes,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { quote } from "./json";
import * as log from "./log";
import { Pattern } from "./pattern";
import { Settings } from "./settings";

class Config {
  patterns: Pattern[] = [];
  replacement: Uint8Array;
  contentTypes: string[];
  /** What is wrong with the configuration; empty when it is good. */
  problem: string = "";

  constructor(json: string) {
    const settings = new Settings(json);
    const replacement = settings.text("replacement", "[redacted]");
    this.replacement = Uint8Array.wrap(String.UTF8.encode(replacement));
    this.contentTypes = settings.texts("contentTypes", [
      "text/",
      "application/json",
    ]);
    const sources = settings.texts("patterns", []);
    for (let i = 0; i < sources.length; i++) {
      const pattern = new Pattern(sources[i]);
      if (pattern.problem == "") this.patterns.push(pattern);
      else {
        settings.refuse(
          "pattern " + quote(sources[i]) + ": " + pattern.problem,
        );
      }
    }
    this.problem = settings.problem();
  }

  looksInto(contentType: string): bool {
    for (let i = 0; i < this.contentTypes.length; i++) {
      if (contentType.startsWith(this.contentTypes[i])) return true;
    }
    return false;
  }

  /** The body with matches replaced; the same array when there are none. */
  redact(body: Uint8Array): Uint8Array {
    let result = body;
    for (let i = 0; i < this.patterns.length; i++) {
      result = this.patterns[i].replaceAll(result, this.replacement);
    }
    return result;
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
  /** This response is one that is looked into. */
  redacts: bool = false;
  /** Bytes of the body that the proxy holds. */
  held: u32 = 0;

  constructor(contextId: u32, root: RootContext, config: Config) {
    super(contextId, root);
    this.config = config;
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.request;
    // Bodies that can be read, and whole: a part could end in the middle of what is looked for.
    headers.remove("accept-encoding");
    headers.remove("range");
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.response;
    const contentType = headers.get("content-type");
    this.redacts = !endOfStream && this.config.looksInto(contentType);
    // The length may change.
    if (this.redacts) headers.remove("content-length");
    return FilterHeadersStatusValues.Continue;
  }

  onResponseBody(size: usize, endOfStream: bool): FilterDataStatusValues {
    if (!this.redacts) return FilterDataStatusValues.Continue;
    this.held = <u32>size;
    if (!endOfStream) return FilterDataStatusValues.StopIterationAndBuffer;
    this.redact();
    return FilterDataStatusValues.Continue;
  }

  /** A body that trailers follow has no end of its own. */
  onResponseTrailers(count: u32): FilterTrailersStatusValues {
    if (this.redacts) this.redact();
    return FilterTrailersStatusValues.Continue;
  }

  onDone(): bool {
    return true;
  }

  onLog(): void {}

  onDelete(): void {}

  redact(): void {
    const type = BufferTypeValues.HttpResponseBody;
    const body = Uint8Array.wrap(get_buffer_bytes(type, 0, this.held));
    const redacted = this.config.redact(body);
    if (redacted === body) return;
    set_buffer_bytes(type, 0, this.held, redacted.buffer);
  }
}
