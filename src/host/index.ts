/**
 * The Proxy-Wasm host, for any program that moves bytes: a proxy, a test, a web page.
 *
 *   const host = createHost({ environment });
 *   const plugin = await host.loadPlugin(bytes, { name: 'auth', configuration });
 *   const chain = host.httpChain([plugin]);
 *   const stream = chain.open(sink, newStreamInfo());
 *   stream.decodeHeaders(headers, true);      // calls sink.forwardRequestHeaders when the filters let them through
 *   stream.encodeHeaders(answer, true);       // calls sink.forwardResponseHeaders; everything after loadPlugin is synchronous
 *   stream.complete();                        // log, done, delete
 *   host.close();
 */
import { Host, type HostOptions } from './host.ts';

export { HttpChain, type HttpChainOptions } from './http/http-chain.ts';
export { type CompiledFilter, compileFilter } from './vm/compile.ts';
export { type HeaderEntry, HeaderMap } from './http/header-map.ts';
export { type FilterCode, Host, type HostOptions } from './host.ts';
export {
  type FilterExchange,
  type FilterRequest,
  type FilterResponse,
  LoadedFilter,
  type LoadFilterOptions,
  type LogLine,
  loadFilter,
} from './testing/load-filter.ts';
export { AccessLogHeaders } from './http/access-log-headers.ts';
export { HttpStreamDriver, type HttpStreamDriverOptions } from './testing/http-stream-driver.ts';
export { TcpStreamDriver } from './testing/tcp-stream-driver.ts';
export type { PendingCall } from './testing/simulated-call.ts';
export { SimulatedEnvironment, type SimulatedEnvironmentOptions } from './testing/simulated-environment.ts';
export { LocalMetrics, type Metric, type MetricStore, MetricType } from './state/metrics.ts';
export { Plugin } from './plugin.ts';
export type { FailurePolicy, PluginOptions } from './plugin-settings.ts';
export { findProfile, type HostProfile, hostProfiles, newestProfile, profileOf } from './profiles.ts';
export type { ForeignFunction, NodeInfo } from './services.ts';
export { LocalSharedData, type SharedData } from './state/shared-data.ts';
export { LocalSharedQueues, type SharedQueues } from './state/shared-queue.ts';
export { newConnectionInfo, newStreamInfo } from './properties/stream-info.ts';
export type { FlushedStat } from './state/stats-flush.ts';
export { TcpChain, type TcpChainOptions } from './tcp/tcp-chain.ts';
export type { CallbackEvent, HostCallEvent, TraceEvent } from './trace/trace.ts';

export function createHost(options: HostOptions): Host {
  return new Host(options);
}
