// Sets and removes headers, as the configuration says.
import {
  Context,
  FilterHeadersStatusValues,
  RootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import * as log from "./log";
import { Settings } from "./settings";

class Config {
  request: Map<string, string>;
  response: Map<string, string>;
  removeFromRequest: string[];
  removeFromResponse: string[];
  /** What is wrong with the configuration; empty when it is good. */
  problem: string = "";

  constructor(json: string) {
    const settings = new Settings(json);
    this.request = settings.textMap("request");
    this.response = settings.textMap("response");
    this.removeFromRequest = settings.texts("removeFromRequest", []);
    this.removeFromResponse = settings.texts("removeFromResponse", []);
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
    const removed = this.config.removeFromRequest;
    for (let i = 0; i < removed.length; i++) headers.remove(removed[i]);
    const names = this.config.request.keys();
    for (let i = 0; i < names.length; i++) {
      headers.replace(names[i], this.config.request.get(names[i]));
    }
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.response;
    const removed = this.config.removeFromResponse;
    for (let i = 0; i < removed.length; i++) headers.remove(removed[i]);
    const names = this.config.response.keys();
    for (let i = 0; i < names.length; i++) {
      headers.replace(names[i], this.config.response.get(names[i]));
    }
    return FilterHeadersStatusValues.Continue;
  }

  onDone(): bool {
    return true;
  }

  onLog(): void {}

  onDelete(): void {}
}
