/** A network (L4) filter chain in front of a TCP proxy. */
import type { Plugin } from './plugin.ts';
import type { RootContext } from './root-context.ts';
import type { HostServices } from './services.ts';
import { TcpChainStream } from './tcp-chain-stream.ts';
import type { StreamInfo, TcpStream, TcpStreamSink } from './types.ts';

export class TcpChain {
  readonly plugins: readonly Plugin[];
  private readonly services: HostServices;

  constructor(services: HostServices, plugins: readonly Plugin[]) {
    this.services = services;
    this.plugins = plugins;
  }

  /** A connection that was accepted: the filters hear of it at once, and may hold it. */
  open(sink: TcpStreamSink, info: StreamInfo): TcpStream {
    const roots: RootContext[] = [];
    for (const plugin of this.plugins) {
      const root = plugin.rootForStream();
      if (root !== undefined) roots.push(root);
    }
    const stream = new TcpChainStream(roots, sink, info, () => this.services.environment.realtimeNs());
    stream.begin();
    return stream;
  }
}
