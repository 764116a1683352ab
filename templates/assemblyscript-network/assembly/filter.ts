// The filter: one FilterRoot for the configuration, one Connection for each TCP connection.
import {
  BufferTypeValues,
  Context,
  FilterStatusValues,
  RootContext,
  WasmResultValues,
  get_buffer_bytes,
  set_buffer_bytes,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { proxy_close_stream } from "@gcoredev/proxy-wasm-sdk-as/assembly/imports";
import { StreamTypeValues } from "@gcoredev/proxy-wasm-sdk-as/assembly/runtime";
import { Config, parseConfig } from "./config";
import * as log from "./log";

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
    return new Connection(contextId, this, this.config);
  }
}

/** One TCP connection. */
export class Connection extends Context {
  /** As it was when the connection came. */
  config: Config;
  /** Bytes from the client. */
  received: u64 = 0;
  /** Bytes from the upstream. */
  sent: u64 = 0;

  constructor(contextId: u32, root: RootContext, config: Config) {
    super(contextId, root);
    this.config = config;
  }

  onDownstreamData(size: usize, endOfStream: bool): FilterStatusValues {
    const first = this.received == 0;
    this.received += size;
    if (first && this.config.blocks(received(<u32>size))) {
      log.info("blocked");
      check(proxy_close_stream(StreamTypeValues.Downstream));
      return FilterStatusValues.StopIteration;
    }
    return FilterStatusValues.Continue;
  }

  onUpstreamData(size: usize, endOfStream: bool): FilterStatusValues {
    if (this.sent == 0 && size > 0 && this.config.banner != "") {
      const line = String.UTF8.encode(this.config.banner + "\n");
      // Nothing is replaced: the line goes in front of what is there.
      check(set_buffer_bytes(BufferTypeValues.NetworkUpstreamData, 0, 0, line));
    }
    this.sent += size;
    return FilterStatusValues.Continue;
  }

  onDone(): bool {
    const sizes = [this.received.toString(), this.sent.toString()];
    log.info(sizes[0] + " bytes in, " + sizes[1] + " bytes out");
    return true;
  }

  onLog(): void {}

  onDelete(): void {}
}

function received(size: u32): ArrayBuffer {
  return get_buffer_bytes(BufferTypeValues.NetworkDownstreamData, 0, size);
}

/** Logs what the proxy refused to do. */
function check(result: WasmResultValues): void {
  if (result != WasmResultValues.Ok) {
    log.error("the proxy answered: result " + result.toString());
  }
}
