/** Scenarios beyond HTTP filters: network filters, gRPC calls, access loggers, services. The same data drives our host and Envoy. */
import { type Op, type Script, type Step, step } from '../guests/probe/script.ts';
import type { GrpcAnswer, GrpcSeen } from './grpc-server.ts';
import type { FilterSpec, RequestSpec } from './scenario.ts';
import type { Move, PeerSeen } from './peer.ts';

export interface NetworkScenario {
  /** Unique; a DNS-like name. */
  readonly id: string;
  /** Checklist rows it shows, e.g. `C13`. */
  readonly rows: readonly string[];
  /** Kind of the filters: a chain of network filters, access loggers of an HTTP listener, services on their own, stats sinks. */
  readonly place: 'network' | 'access-log' | 'service' | 'stats-sink';
  readonly filters: readonly FilterSpec[];
  /** Access loggers of the TCP proxy behind network filters. */
  readonly loggers?: readonly FilterSpec[];
  /** Actions of the clients, one connection after the other. */
  readonly clients?: readonly (readonly Move[])[];
  /** What the upstream does with each connection; nobody listens; or the bytes go back, as from Envoy's echo filter. */
  readonly upstream?: readonly Move[] | 'refused' | 'echo';
  /** Requests of an `access-log` scenario. */
  readonly requests?: readonly RequestSpec[];
  /** gRPC clusters by name. Every scenario also has `refused`. */
  readonly grpc?: Readonly<Record<string, GrpcAnswer>>;
  /** Wait this long after the last client before looking at the log. */
  readonly settleMs?: number;
  /** Time that peers wait in scenarios in which something does not come: an answer that the filter holds or drops. */
  readonly patienceMs?: number;
  /** Pauses are this much longer; default 1. */
  readonly pace?: number;
}

export interface NetworkOutcome {
  readonly clients: readonly PeerSeen[];
  readonly upstream: readonly PeerSeen[];
  /** Calls by cluster. */
  readonly grpc: Readonly<Record<string, readonly GrpcSeen[]>>;
  readonly statuses: readonly number[];
  readonly logs: readonly string[];
}

/** Every callback of a network filter, doing nothing but being logged, overridden by what is given. */
export function tcp(callbacks: Script['callbacks'] = {}): Script['callbacks'] {
  const idle = step();
  return {
    on_context_create: idle,
    on_new_connection: idle,
    on_downstream_data: idle,
    on_upstream_data: idle,
    on_downstream_connection_close: idle,
    on_upstream_connection_close: idle,
    on_grpc_receive_initial_metadata: idle,
    on_grpc_receive: idle,
    on_grpc_receive_trailing_metadata: idle,
    on_grpc_close: idle,
    on_log: idle,
    on_done: step([], 1),
    on_delete: idle,
    ...callbacks,
  };
}

/** One network filter in a VM of its own. */
export function network(
  id: string,
  rows: string,
  callbacks: Script['callbacks'],
  rest: Partial<Omit<NetworkScenario, 'id' | 'rows' | 'filters' | 'place'>> & {
    readonly settings?: Omit<FilterSpec, 'script'>;
  } = {},
): NetworkScenario {
  const { settings, ...others } = rest;
  return {
    id,
    rows: rows.split(' '),
    place: 'network',
    filters: [{ script: { callbacks: tcp(callbacks) }, ...settings }],
    ...others,
  };
}

export function pluginsOf({ filters, loggers = [] }: NetworkScenario): readonly FilterSpec[] {
  return [...filters, ...loggers];
}

/** The filter's script with the scenario's own cluster names made unique. */
export function networkScript({ id, grpc, place, filters }: NetworkScenario, { script }: FilterSpec): Script {
  const rename = (op: Op): Op => {
    const [name, ...rest] = 'call' in op ? op.args : [];
    const calls = 'call' in op && /^proxy_grpc_(call|stream)$/.test(op.call);
    return calls && typeof name === 'string' && grpc?.[name] !== undefined
      ? { ...op, args: [`${id}.${name}`, ...rest] }
      : op;
  };
  const renameStep = (item: Step): Step => ({ ...item, ops: item.ops.map(rename) });
  const all: Script['callbacks'] = {
    ...((place !== 'network' || filters.length === 0) && { on_configure: step([], 1) }),
    ...script.callbacks,
  };
  const callbacks = Object.entries(all).map(
    ([name, steps]) => [name, 'ops' in steps ? renameStep(steps) : steps.map(renameStep)] as const,
  );
  return { ...script, callbacks: Object.fromEntries(callbacks) };
}

/** The log without start-up, which runs more than once in Envoy. A stats sink is called all the time: each line once. */
export function runningLog({ place, filters }: NetworkScenario, lines: readonly string[]): readonly string[] {
  if (place === 'network' && filters.length > 0) {
    const first = lines.findIndex(line => /: on_context_create\(\d+, [1-9]/.test(line));
    return first === -1 ? [] : lines.slice(first);
  }
  const running = lines.slice(lines.findLastIndex(line => line.includes(': on_configure(')) + 1);
  return place === 'stats-sink' ? [...new Set(running)] : running;
}
