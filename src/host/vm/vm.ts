/**
 * One guest instance: its memory, its exports, whose callback is running, and the actions that wait for the guest to
 * return. The guest is entered only here, and only when no guest frame is on the stack (except its allocator). Traps stop here.
 */
import { WasmeError } from '../../errors.ts';
import { enterGuest, leaveGuest, type RunningCallback } from './guest-calls.ts';
import { findCallbacks, type GuestExports, type GuestFunction } from './guest-exports.ts';
import { backtrace } from './backtrace.ts';
import type { CompiledFilter, LinkedModule } from './compile.ts';
import { type Context, VmContext } from './context.ts';
import { CallIds, type PendingGrpcCall, type PendingHttpCall } from './pending-calls.ts';
import { IdMap } from '../id-map.ts';
import { instantiate, instantiateNow } from './instantiate.ts';
import { maxQueuedActions } from '../limits.ts';
import { GuestMemory } from './memory.ts';
import { MetricIds } from '../state/metrics.ts';
import { CallPhase } from './call-phases.ts';
import type { RootContext } from './root-context.ts';
import type { HostServices } from '../services.ts';
import { logLevels, Status } from '../status.ts';
import type { Tracer } from '../trace/trace.ts';
import { describeFault, describeTrap, prepareTrap, startError, trapNow } from './traps.ts';
import type { ByteString, LogLevel } from '../types.ts';
import { utf8Bytes } from '../encoding/bytes.ts';

export interface VmOptions {
  readonly vmId: string;
  readonly configuration: Uint8Array;
  readonly environmentVariables: Readonly<Record<string, string>>;
  /** Undefined: everything is allowed. */
  readonly capabilities: ReadonlySet<string> | undefined;
  readonly tracer: Tracer | undefined;
}

export class Vm {
  readonly services: HostServices;
  readonly options: VmOptions;
  readonly compiled: CompiledFilter;
  /** 0.1.0: shorter header callbacks, missing headers are Ok and empty. */
  readonly abi01: boolean;
  readonly vmContext: VmContext;
  readonly contexts = new IdMap<Context>();
  readonly roots = new Map<string, RootContext>();
  readonly metricIds: MetricIds;
  readonly callIds = new CallIds();
  readonly httpCalls = new IdMap<PendingHttpCall>();
  readonly grpcCalls = new IdMap<PendingGrpcCall>();
  memory: GuestMemory = new GuestMemory(new WebAssembly.Memory({ initial: 0 }));
  /** Everything the instance exports, for callers with exports of their own. */
  exports: WebAssembly.Exports = {};
  on: GuestExports = findCallbacks({}, '0.2.1', undefined);
  /** The guest has trapped: it is never entered again, except where Envoy does so (root start). */
  failed = false;
  /** Why it failed, for reports. */
  failure: string | undefined;
  /** The context whose callback is running. */
  current: Context;
  /** The context that proxy_set_effective_context has set, until the callback ends. */
  effective: Context | undefined;
  /** A local response was sent in this callback: its return value is overridden. */
  stopIteration = false;
  phase: number = CallPhase.Load;
  /** Other than 0, host calls take the slow path (restricted phase, or traced). */
  gate: number = CallPhase.Load;
  /** Is 1 while a callback of the guest is on the stack, else 0; how it relates to other counters: `FilteredHttpStream.#busy`. */
  depth = 0;
  /** Bytes for buffer type 8 while their callback runs. */
  callData: Uint8Array | undefined;
  /** The last host call, for trap reports. */
  lastCall = '';
  lastStatus = 0;
  #allocator: GuestFunction | undefined;
  #callback = '';
  #calledFor: Context | undefined;
  readonly #actions: (() => void)[] = [];
  #nextContextId = 1;
  #nextDnsToken = 2;

  constructor(services: HostServices, compiled: CompiledFilter, options: VmOptions) {
    this.services = services;
    this.compiled = compiled;
    this.options = options;
    this.abi01 = compiled.version === '0.1.0';
    this.vmContext = new VmContext(this);
    this.current = this.vmContext;
    this.contexts.set(0, this.vmContext);
    this.metricIds = new MetricIds(services.metrics);
    prepareTrap();
  }

  /** Instantiates without blocking a page's main thread and runs the entry point. Fails with WASM_ABI or WASM_START. */
  async start(link: (vm: this) => LinkedModule): Promise<void> {
    const { imports, memory } = link(this);
    this.#attach(await instantiate(this, imports), memory);
    this.#enterStart();
  }

  /** Instantiates and runs the entry point synchronously, for a reload between two requests. */
  startNow(link: (vm: this) => LinkedModule): void {
    const { imports, memory } = link(this);
    this.#attach(instantiateNow(this, imports), memory);
    this.#enterStart();
  }

  newContextId(): number {
    return this.#nextContextId++;
  }

  newDnsToken(): number {
    return this.#nextDnsToken++;
  }

  /** Records for the trace why the running host call will not return Ok. */
  note(reason: string): void {
    if (this.options.tracer !== undefined) this.options.tracer.reason = reason;
  }

  /** Returns the context that host calls act on. */
  get context(): Context {
    return this.effective ?? this.current;
  }

  /**
   * Calls an export with `context` as the current one. Returns 0 for a callback without result and after a trap (`failed` is
   * set then). The caller runs the queued actions with `after` once it has read the result. The debugger looks for this
   * frame, directly below the guest's own: see `runningCallbackExpression`.
   */
  invoke(callback: GuestFunction, context: Context, a: number, b: number, c: number, d = 0, e = 0): number {
    if (this.depth !== 0) return this.#refuseReentry(callback.name);
    const { current, effective } = this;
    const outer = this.#callback;
    const outerContext = this.#calledFor;
    const { guestCalls } = this.services;
    const tracer = this.options.tracer;
    this.current = context;
    this.effective = undefined;
    this.#callback = callback.name;
    this.#calledFor = context;
    this.depth = 1;
    const begun = tracer === undefined ? 0 : tracer.enter(callback, context, [a, b, c, d, e]);
    let result = 0;
    enterGuest(guestCalls);
    try {
      result = (callback.call(a, b, c, d, e) ?? 0) >>> 0;
    } catch (error) {
      this.#trap(callback.name, error);
    }
    leaveGuest(guestCalls);
    this.depth = 0;
    this.#callback = outer;
    this.#calledFor = outerContext;
    this.current = current;
    this.effective = effective;
    if (tracer !== undefined) tracer.leave(callback, context, result, begun, this.failure);
    return result;
  }

  /** Describes the callback whose guest frame is on the stack. */
  runningCallback(): RunningCallback {
    const { logPrefix } = this.#calledFor ?? this.current;
    return { name: this.#callback, logPrefix, offsetShift: this.compiled.offsetShift };
  }

  /** Runs what the guest queued, now that it has returned. */
  after(): void {
    this.stopIteration = false;
    if (this.#actions.length === 0 || this.depth !== 0) return;
    for (let action = this.#actions.shift(); action !== undefined; action = this.#actions.shift()) action();
  }

  /** Queues an action for when the guest has returned. */
  defer(action: () => void): void {
    if (this.#actions.length >= maxQueuedActions) {
      this.report('warn', 'too many actions queued in one callback; the rest is dropped');
      return;
    }
    this.#actions.push(action);
  }

  /** Runs an action caused from outside: now, or after the guest call that is on the stack. */
  deliver(action: () => void): void {
    if (this.depth === 0) action();
    else this.defer(action);
  }

  /** Allocates exactly `size` bytes (never 0) in the guest, which owns them; returns 0 when it gives none. */
  allocate(size: number): number {
    const { current, effective, phase, gate } = this;
    this.current = this.vmContext;
    this.effective = undefined;
    this.phase = CallPhase.Allocate;
    this.gate = CallPhase.Allocate;
    let pointer = 0;
    try {
      pointer = (this.#allocator?.call(size, 0, 0, 0, 0) ?? 0) >>> 0;
    } catch (error) {
      this.#trap(this.#allocator?.name ?? 'malloc', error);
    }
    this.current = current;
    this.effective = effective;
    this.phase = phase;
    this.gate = gate;
    return pointer !== 0 && this.memory.holds(pointer, size) ? pointer : 0;
  }

  /** Gives bytes to the guest in a new block; writes address and size into two cells. An empty result allocates nothing. */
  giveBytes(data: Uint8Array, pointerCell: number, sizeCell: number): number {
    if (data.length === 0) return this.givePointer(0, 0, pointerCell, sizeCell);
    const pointer = this.allocate(data.length);
    if (pointer === 0) return Status.InvalidMemoryAccess;
    this.memory.write(pointer, data);
    return this.givePointer(pointer, data.length, pointerCell, sizeCell);
  }

  giveText(text: ByteString, pointerCell: number, sizeCell: number): number {
    if (text.length === 0) return this.givePointer(0, 0, pointerCell, sizeCell);
    const pointer = this.allocate(text.length);
    if (pointer === 0) return Status.InvalidMemoryAccess;
    this.memory.writeText(pointer, text);
    return this.givePointer(pointer, text.length, pointerCell, sizeCell);
  }

  givePointer(pointer: number, size: number, pointerCell: number, sizeCell: number): number {
    const { memory } = this;
    return memory.setU32(pointerCell, pointer) && memory.setU32(sizeCell, size)
      ? Status.Ok
      : Status.InvalidMemoryAccess;
  }

  /** Ends the running guest call with a trap that it cannot catch. */
  abort(reason: string): never {
    this.failure ??= reason;
    this.failed = true;
    trapNow();
    throw new WasmeError('INTERNAL', reason);
  }

  /** Handles an error of a host function: rethrows a nested trap; anything else is our bug and ends the guest call. */
  fault(name: string, error: unknown): never {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    return this.abort(describeFault(name, error));
  }

  log(level: LogLevel, prefix: string, message: Uint8Array): void {
    this.services.environment.log({ level, prefix, message, source: 'guest' });
  }

  /** Logs a message of the host about the filter. */
  report(level: LogLevel, message: string): void {
    if (logLevels.indexOf(level) < this.services.logLevel()) return;
    const prefix = this.current.logPrefix;
    this.services.environment.log({ level, prefix, message: utf8Bytes(message), source: 'host' });
  }

  #attach(instance: WebAssembly.Instance, imported: WebAssembly.Memory | undefined): void {
    const { exports } = instance;
    this.exports = exports;
    const exported = Object.values(exports).find(value => value instanceof WebAssembly.Memory);
    const memory = exported ?? imported;
    if (memory) this.memory = new GuestMemory(memory);
    this.on = findCallbacks(exports, this.compiled.version, this.options.capabilities);
    this.#allocator = this.on.malloc ?? this.on.memoryAllocate;
  }

  #enterStart(): void {
    const { on } = this;
    this.#setPhase(CallPhase.Start);
    if (on.initialize) {
      this.invoke(on.initialize, this.vmContext, 0, 0, 0);
      const main = on.main ?? (this.services.profile.mainVoid ? on.mainVoid : undefined);
      if (main && !this.failed) this.invoke(main, this.vmContext, 0, 0, 0);
    } else if (on.start) this.invoke(on.start, this.vmContext, 0, 0, 0);
    this.#setPhase(CallPhase.Normal);
    this.after();
    if (this.failed) throw startError(this.failure);
  }

  #setPhase(phase: number): void {
    this.phase = phase;
    this.gate = phase === CallPhase.Normal && this.options.tracer !== undefined ? -1 : phase;
  }

  #trap(name: string, error: unknown): void {
    const message = this.failure ?? describeTrap(error);
    this.failed = true;
    this.failure ??= message;
    const lines = [`Function: ${name} failed: ${message}`, ...backtrace(error, this.compiled)];
    if (this.lastStatus !== Status.Ok) {
      lines.push(`the last host call before it was ${this.lastCall}, which returned ${this.lastStatus}`);
    }
    this.report('error', lines.join('\n'));
  }

  #refuseReentry(name: string): number {
    this.report('error', `${name} was not called: the guest is already running`);
    return 0;
  }
}
