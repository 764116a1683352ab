/** A scenario: filters, one or more requests, and how upstreams answer. The same data drives our host and real Envoy. */
import { type Op, type Pairs, type Script, type Step, http } from '../guests/probe/script.ts';

export interface Scenario {
  /** Unique; a DNS-like name. */
  readonly id: string;
  /** Checklist rows it shows, e.g. `H2`. */
  readonly rows: readonly string[];
  /** The chain, in order. */
  readonly filters: readonly FilterSpec[];
  /** Sent one after the other, each on a connection of its own. */
  readonly requests: readonly RequestSpec[];
  readonly upstream?: AnswerSpec;
  /** Clusters for call-outs by name. Every scenario also has `refused`, where nobody listens, and `main`, the upstream. */
  readonly clusters?: Readonly<Record<string, AnswerSpec>>;
  /** Buffer limit of listener and cluster in bytes; Envoy's default is 1 MiB. */
  readonly bufferLimitBytes?: number;
  /** Wait this long after the last request before looking at logs and stats. */
  readonly settleMs?: number;
  /** Log lines that one of the two may have without being wrong, with the reason. */
  readonly ignoreLogs?: { readonly pattern: RegExp; readonly reason: string };
  /** Why what is logged before the first stream is not compared. */
  readonly ignoreStartLogs?: string;
  /** Custom metrics to compare, by name without `wasmcustom.`. */
  readonly metrics?: readonly string[];
  /** Why it is not run in Envoy (it would crash, or hang). */
  readonly notInEnvoy?: string;
}

export interface FilterSpec {
  readonly script: Script;
  readonly rootId?: string;
  /** Default: a name of its own, so that no two scenarios share a VM or data. */
  readonly vmId?: string;
  readonly configuration?: string;
  readonly vmConfiguration?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly failurePolicy?: 'FAIL_OPEN' | 'FAIL_CLOSED' | 'FAIL_RELOAD';
  readonly reloadBackoffMs?: number;
  readonly failOpen?: true;
  readonly allowOnHeadersStopIteration?: true;
  readonly allowedCapabilities?: readonly string[];
}

export interface RequestSpec {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Pairs;
  /** Sent as one chunk each, with a pause between them, so that the receiver sees them apart. */
  readonly body?: readonly string[];
  /** That pause in milliseconds; default 40. */
  readonly gapMs?: number;
  readonly trailers?: Pairs;
  /** `content-length` instead of chunked. */
  readonly withLength?: true;
  /** Close the connection after this many milliseconds, whatever came. */
  readonly abortAfterMs?: number;
  /** Wait before sending. */
  readonly delayMs?: number;
}

export interface AnswerSpec {
  readonly status?: number;
  readonly headers?: Pairs;
  readonly body?: readonly string[];
  /** After each chunk of the body, in milliseconds; default 40. */
  readonly gapMs?: number;
  readonly trailers?: Pairs;
  readonly withLength?: true;
  /** No length and no chunks: the body ends with the connection. */
  readonly untilClose?: true;
  /** Before the head. */
  readonly delayMs?: number;
  /** Close the socket before any answer, or after the head and the body so far; `reset-` with a reset instead of a FIN. */
  readonly reset?: 'before' | 'after-head' | 'reset-after-head';
}

/** Plain GET. */
export const get: RequestSpec = {};

/** One filter of its own VM with default settings. */
export function only(script: Script, settings: Omit<FilterSpec, 'script'> = {}): readonly FilterSpec[] {
  return [{ script, ...settings }];
}

/** One filter that logs every HTTP callback, with the given steps in it. */
export function scenario(
  id: string,
  rows: string,
  callbacks: Script['callbacks'],
  rest: Partial<Omit<Scenario, 'id' | 'rows' | 'filters'>> & {
    readonly settings?: Omit<FilterSpec, 'script'>;
  } = {},
): Scenario {
  const { settings, ...others } = rest;
  return {
    id,
    rows: rows.split(' '),
    filters: only({ callbacks: http(callbacks) }, settings),
    requests: [get],
    ...others,
  };
}

const callouts = ['proxy_http_call', 'proxy_grpc_call', 'proxy_grpc_stream'];

/** The script with the scenario's own cluster names made unique, since one Envoy has the clusters of all scenarios. */
export function scriptOf({ id, clusters }: Scenario, { script }: FilterSpec): Script {
  const own = new Set(['main', ...Object.keys(clusters ?? {})]);
  const rename = (op: Op): Op => {
    const [name, ...rest] = 'call' in op ? op.args : [];
    if (!('call' in op) || !callouts.includes(op.call) || typeof name !== 'string' || !own.has(name))
      return op;
    return { ...op, args: [clusterName(id, name), ...rest] };
  };
  const renameStep = (item: Step): Step => ({ ...item, ops: item.ops.map(rename) });
  const callbacks = Object.entries(script.callbacks).map(
    ([name, steps]) => [name, 'ops' in steps ? renameStep(steps) : steps.map(renameStep)] as const,
  );
  return { ...script, callbacks: Object.fromEntries(callbacks) };
}

export function clusterName(id: string, name: string): string {
  return `${id}.${name}`;
}
