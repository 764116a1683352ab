/** The configuration of a filter: Envoy's PluginConfig and VmConfig. */
import type { TraceEvent } from './trace/trace.ts';

/** The policy after a trap at run time. A load that fails is refused under every policy. */
export type FailurePolicy = 'closed' | 'open' | 'reload';

export interface PluginOptions {
  /** Shown in logs and stats; part of the root context's identity. */
  readonly name: string;
  readonly rootId?: string;
  readonly vmId?: string;
  /** The bytes that `proxy_on_configure` reads. */
  readonly configuration?: Uint8Array;
  /** The bytes that `proxy_on_vm_start` reads. */
  readonly vmConfiguration?: Uint8Array;
  /** Seen by the guest through WASI only. */
  readonly environmentVariables?: Readonly<Record<string, string>>;
  /** Default `closed`, as in Envoy. */
  readonly failurePolicy?: FailurePolicy;
  /** The deprecated field `fail_open: true`: the stream that trapped continues too. */
  readonly legacyFailOpen?: boolean;
  /** Shortest time between two loads for `reload`; default 1000, plus up to half of it at random. */
  readonly reloadBackoffMs?: number;
  /** StopIteration in a headers callback lets the body callbacks run; default false, which stops everything. */
  readonly allowOnHeadersStopIteration?: boolean;
  /** Names as in `capability_restriction_config`; empty or absent: everything. */
  readonly allowedCapabilities?: readonly string[];
  /** Called for every callback and host call. Makes every call slower. */
  readonly onTrace?: (event: TraceEvent) => void;
}

/** The same options with all defaults filled in. */
export interface PluginSettings {
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  readonly configuration: Uint8Array;
  readonly failurePolicy: FailurePolicy;
  readonly legacyFailOpen: boolean;
  readonly reloadBackoffMs: number;
  readonly allowOnHeadersStopIteration: boolean;
  readonly rootPrefix: string;
  readonly streamPrefix: string;
}

export function logPrefix(...pieces: string[]): string {
  return `${['wasm log', ...pieces.filter(piece => piece !== '')].join(' ')}: `;
}
