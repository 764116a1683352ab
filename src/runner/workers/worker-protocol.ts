/** Declares the messages between the supervisor and its workers. */
import type { ErrorCode } from '../../errors.ts';
import type { LogLevel } from '../../host/types.ts';
import type { FilterPlan, ProxyEvent, RunPlan } from '../run-plan.ts';
import type { StatsSnapshot } from '../../proxy/stats.ts';
import type { SharedPlace } from './worker-stores.ts';

export interface WorkerStart {
  readonly plan: RunPlan;
  /** Memory in which the worker shows that a guest runs (guest-time.ts). */
  readonly guestTime: SharedArrayBuffer;
  /** The listening socket of another worker; undefined: makes its own. */
  readonly socket: number | undefined;
  /** Undefined for a worker that is the only one. */
  readonly shared: SharedPlace | undefined;
}

export type ToWorker =
  /** Always the first. */
  | { readonly type: 'start'; readonly start: WorkerStart }
  | { readonly type: 'reload'; readonly id: number; readonly filters: readonly FilterPlan[] }
  | { readonly type: 'stats'; readonly id: number }
  | { readonly type: 'log-level'; readonly level: LogLevel | 'off' }
  | { readonly type: 'queue-ready'; readonly token: number }
  | { readonly type: 'close'; readonly id: number };

export type FromWorker =
  | { readonly type: 'ready'; readonly port: number; readonly socket: number | undefined }
  | { readonly type: 'failed'; readonly failure: SentFailure }
  | { readonly type: 'events'; readonly events: readonly ProxyEvent[] }
  /** To be passed on to the worker of that thread. */
  | { readonly type: 'queue-ready'; readonly thread: number; readonly token: number }
  | {
      readonly type: 'answer';
      readonly id: number;
      readonly stats?: StatsSnapshot;
      readonly failure?: SentFailure;
    };

/** A WasmeError as data; other errors keep their text only. */
export interface SentFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}
