/** A network (L4) filter chain in front of a TCP proxy. */
import { AccessLogHeaders } from '../http/access-log-headers.ts';
import type { Plugin } from '../plugin.ts';
import type { RootContext } from '../vm/root-context.ts';
import type { HostServices } from '../services.ts';
import { FilteredTcpStream } from './tcp-stream.ts';
import type { StreamInfo, TcpStream, TcpStreamSink } from '../types.ts';

export interface TcpChainOptions {
  /** Plugins that only log: called once for every connection that has ended. */
  readonly accessLoggers?: readonly Plugin[];
}

export class TcpChain {
  readonly plugins: readonly Plugin[];
  readonly #services: HostServices;
  readonly #loggers: readonly Plugin[];

  constructor(services: HostServices, plugins: readonly Plugin[], options: TcpChainOptions = {}) {
    this.#services = services;
    this.plugins = plugins;
    this.#loggers = options.accessLoggers ?? [];
  }

  /** Opens an accepted connection; the filters get their callbacks at once and may hold it. */
  open(sink: TcpStreamSink, info: StreamInfo): TcpStream {
    const roots: RootContext[] = [];
    for (const plugin of this.plugins) {
      const root = plugin.rootForStream();
      if (root !== undefined) roots.push(root);
    }
    const stream = new FilteredTcpStream(roots, sink, info, {
      now: () => this.#services.environment.realtimeNs(),
      onEnd: () => this.#log(stream),
    });
    stream.begin();
    return stream;
  }

  #log(stream: FilteredTcpStream): void {
    if (this.#loggers.length === 0) return;
    const view = new AccessLogHeaders(stream.info, stream.filterState);
    for (const logger of this.#loggers) logger.accessLog(view);
  }
}
