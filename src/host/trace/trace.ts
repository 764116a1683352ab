/**
 * Records every call between host and guest as data: decoded arguments, results, duration, and why a call did not return
 * Ok.
 */
import { type HostFunction, hostFunctions, type ParameterKind } from '../../wasm/functions.ts';
import { displayText } from '../encoding/bytes.ts';
import type { Context } from '../vm/context.ts';
import { describeCall } from './describe-call.ts';
import type { GuestFunction } from '../vm/guest-exports.ts';
import { readPairs } from '../encoding/pairs.ts';
import {
  bufferNames,
  logLevels,
  mapNames,
  metricNames,
  Status,
  statusNames,
  streamNames,
} from '../status.ts';
import type { Vm } from '../vm/vm.ts';

export type TraceEvent = CallbackEvent | HostCallEvent;

/** `begin` when the guest is entered, `end` when it has returned or trapped. */
export interface CallbackEvent {
  readonly kind: 'begin' | 'end';
  readonly name: string;
  readonly plugin: string;
  readonly contextId: number;
  /** `context=2 count=6 end_of_stream=1`. */
  readonly arguments: string;
  /** At the end only. */
  readonly result?: number;
  readonly durationUs?: number;
  readonly trap?: string;
}

export interface HostCallEvent {
  readonly kind: 'call';
  readonly name: string;
  readonly plugin: string;
  readonly contextId: number;
  readonly arguments: string;
  /** `Ok`, `NotFound` …, or an errno. */
  readonly status: string;
  readonly results: string;
  /** Why it is not Ok, and what would help. */
  readonly explanation?: string;
  readonly durationUs: number;
}

/** A call whose bytes mean more than the ABI table knows. */
export interface ShownCall {
  readonly arguments: string;
  readonly results?: string | undefined;
}

/** Longest value shown; the rest is counted. */
const shownBytes = 120;

export class Tracer {
  /** The reason that the running host call gave for its status. */
  reason: string | undefined;
  #shown: ShownCall | undefined;
  readonly #plugin: string;
  readonly #listener: (event: TraceEvent) => void;
  readonly #nowNs: () => bigint;

  constructor(plugin: string, nowNs: () => bigint, listener: (event: TraceEvent) => void) {
    this.#plugin = plugin;
    this.#nowNs = nowNs;
    this.#listener = listener;
  }

  /** Records the entry of a callback; returns when it began, in microseconds. */
  enter(callback: GuestFunction, context: Context, values: readonly number[]): number {
    this.#listener({
      kind: 'begin',
      name: callback.name,
      plugin: this.#plugin,
      contextId: context.id,
      arguments: callbackArguments(callback, values),
    });
    return this.#nowUs();
  }

  leave(
    callback: GuestFunction,
    context: Context,
    result: number,
    begun: number,
    trap: string | undefined,
  ): void {
    this.#listener({
      kind: 'end',
      name: callback.name,
      plugin: this.#plugin,
      contextId: context.id,
      arguments: '',
      result,
      durationUs: this.#nowUs() - begun,
      ...(trap === undefined ? {} : { trap }),
    });
  }

  /** Replaces arguments and results by what a call knows about its bytes. */
  show(call: ShownCall): void {
    this.#shown = call;
  }

  hostCall(vm: Vm, name: string, values: readonly (number | bigint)[], call: () => number): number {
    const known = hostFunctions.get(name);
    const shown = known ? showArguments(vm, known, values) : values.join(' ');
    const contextId = vm.context.id;
    this.reason = undefined;
    this.#shown = undefined;
    const begun = this.#nowUs();
    const status = call();
    // What this call said is not the business of one around it.
    const decoded = this.#shown as ShownCall | undefined;
    const reason = this.reason as string | undefined;
    this.reason = undefined;
    this.#shown = undefined;
    const durationUs = this.#nowUs() - begun;
    vm.lastCall = name;
    vm.lastStatus = status;
    const explanation =
      known && status !== Status.Ok ? (reason ?? describeCall(vm, name, values, status)) : undefined;
    this.#listener({
      kind: 'call',
      name,
      plugin: this.#plugin,
      contextId,
      arguments: decoded?.arguments ?? shown,
      status: known ? (statusNames[status] ?? String(status)) : String(status),
      results: known && status === Status.Ok ? (decoded?.results ?? showResults(vm, known, values)) : '',
      durationUs,
      ...(explanation === undefined ? {} : { explanation }),
    });
    return status;
  }

  #nowUs(): number {
    return Number(this.#nowNs() / 1000n);
  }
}

function callbackArguments(callback: GuestFunction, values: readonly number[]): string {
  return callback.parameters.map((name, i) => `${name}=${values[i] ?? 0}`).join(' ');
}

const enumerations: Partial<Record<ParameterKind, readonly string[]>> = {
  'map-type': mapNames,
  'buffer-type': bufferNames,
  'stream-type': streamNames,
  'metric-type': metricNames,
  'log-level': logLevels,
};

function showArguments(vm: Vm, known: HostFunction, values: readonly (number | bigint)[]): string {
  let at = 0;
  return known.parameters
    .map(([name, kind]) => {
      const value = values[at++] ?? 0;
      if (kind === 'text' || kind === 'bytes' || kind === 'path') {
        return `${name}=${quote(vm, Number(value) >>> 0, Number(values[at++]) >>> 0)}`;
      }
      if (kind === 'pairs')
        return `${name}=${showPairs(vm, Number(value) >>> 0, Number(values[at++]) >>> 0)}`;
      const names = enumerations[kind];
      return `${name}=${names?.[Number(value) >>> 0] ?? value}`;
    })
    .join(' ');
}

/** Returns the result cells after the call, as the guest sees them. */
function showResults(vm: Vm, known: HostFunction, values: readonly (number | bigint)[]): string {
  const width = (kind: string): number =>
    kind === 'bytes' || kind === 'pairs' || kind === 'text' || kind === 'path' ? 2 : 1;
  let at = known.parameters.reduce((total, [, kind]) => total + width(kind), 0);
  const cell = (): number => {
    const address = Number(values[at++]) >>> 0;
    return vm.memory.holds(address, 4) ? vm.memory.u32(address) : 0;
  };
  return known.results
    .map(([name, kind]) => {
      if (kind === 'bytes') return `${name}=${quote(vm, cell(), cell())}`;
      if (kind === 'pairs') return `${name}=${showPairs(vm, cell(), cell())}`;
      return `${name}=${cell()}`;
    })
    .join(' ');
}

function quote(vm: Vm, pointer: number, size: number): string {
  if (!vm.memory.holds(pointer, size)) return `<${size} bytes at ${pointer}, outside memory>`;
  const text = displayText(vm.memory.copy(pointer, Math.min(size, shownBytes)));
  const more = size > shownBytes ? `… (${size} bytes)` : '';
  return JSON.stringify(text).replaceAll('\\u0000', '.') + more;
}

function showPairs(vm: Vm, pointer: number, size: number): string {
  if (!vm.memory.holds(pointer, size)) return quote(vm, pointer, size);
  const pairs = readPairs(vm.memory.bytes, pointer, size);
  if (!pairs) return size === 0 ? '{}' : `<malformed pairs, ${size} bytes>`;
  return `{${pairs.map(([name, value]) => `${name}: ${value}`).join(', ')}}`;
}
