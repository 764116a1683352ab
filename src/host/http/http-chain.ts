/** An HTTP filter chain: plugins in request order; each stream has one filter of each. */
import { FilteredHttpStream } from './http-stream.ts';
import { defaultBufferLimitBytes } from '../limits.ts';
import type { AccessLogHeaders } from './access-log-headers.ts';
import type { Plugin } from '../plugin.ts';
import type { RootContext } from '../vm/root-context.ts';
import type { HostServices } from '../services.ts';
import type { HttpStream, HttpStreamSink, StreamInfo } from '../types.ts';

export interface HttpChainOptions {
  /** Held-back body of one direction, in bytes; default 1 MiB. */
  readonly bufferLimitBytes?: number;
  /** Plugins that only log: called once for every stream that has ended. */
  readonly accessLoggers?: readonly Plugin[];
}

export class HttpChain {
  readonly plugins: readonly Plugin[];
  readonly #options: ConstructorParameters<typeof FilteredHttpStream>[3];
  #opened = 0;

  constructor(services: HostServices, plugins: readonly Plugin[], options: HttpChainOptions = {}) {
    this.plugins = plugins;
    const loggers = options.accessLoggers ?? [];
    this.#options = {
      bufferLimitBytes: options.bufferLimitBytes ?? defaultBufferLimitBytes,
      forwardAddedData: services.profile.forwardAddedData,
      now: () => services.environment.realtimeNs(),
      onEnd: (view: AccessLogHeaders) => {
        this.#opened--;
        for (const logger of loggers) logger.accessLog(view);
      },
    };
  }

  /** Returns the number of streams that have begun and are not complete. */
  get openStreams(): number {
    return this.#opened;
  }

  /** Opens a stream in front of the chain. No guest runs until its request headers arrive. */
  open(sink: HttpStreamSink, info: StreamInfo): HttpStream {
    const roots: RootContext[] = [];
    for (const plugin of this.plugins) {
      const root = plugin.rootForStream();
      if (root !== undefined) roots.push(root);
    }
    this.#opened++;
    return new FilteredHttpStream(roots, sink, info, this.#options);
  }
}
