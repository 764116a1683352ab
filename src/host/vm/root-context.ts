/** A plugin's root context in one VM: start and configure, ticks, queues, responses of call-outs, shutdown. */
import { BodyBuffer } from '../http/body.ts';
import { Context } from './context.ts';
import type { HeaderMap } from '../http/header-map.ts';
import type { AccessLogHeaders } from '../http/access-log-headers.ts';
import type { PluginSettings } from '../plugin-settings.ts';
import { MapType, Status } from '../status.ts';
import type { StateMap } from '../properties/filter-state.ts';
import type { ByteString, StreamInfo } from '../types.ts';
import type { Vm } from './vm.ts';

interface CallResponse {
  readonly headers: HeaderMap | undefined;
  readonly body: Uint8Array | undefined;
  readonly trailers: HeaderMap | undefined;
}

export class RootContext extends Context {
  readonly root: RootContext = this;
  readonly plugin: PluginSettings;
  /** The plugin configuration can be read: during the root's own creation and `proxy_on_configure`. */
  configuring = false;
  callResponse: CallResponse | undefined;
  grpcInitialMetadata: HeaderMap | undefined;
  grpcTrailingMetadata: HeaderMap | undefined;
  grpcMessage: BodyBuffer | undefined;
  statusCode = 0;
  statusMessage: ByteString = '';
  /** `proxy_on_done` returned 0: the root waits for `proxy_done`. */
  pendingDone = false;
  destroyed = false;
  /** Plugins of the host that use this root. */
  users = 0;
  #tickPeriodMs = 0;
  #cancelTick: (() => void) | undefined;
  #logged: AccessLogHeaders | undefined;

  constructor(vm: Vm, plugin: PluginSettings) {
    super(vm, vm.newContextId(), plugin.rootPrefix);
    this.plugin = plugin;
    vm.contexts.set(this.id, this);
  }

  override get pluginConfiguration(): Uint8Array | undefined {
    return this.configuring ? this.plugin.configuration : undefined;
  }

  override get inLogPhase(): boolean {
    return this.#logged !== undefined;
  }

  override get streamInfo(): StreamInfo | undefined {
    return this.#logged?.info;
  }

  override get shownState(): StateMap | undefined {
    return this.#logged?.filterState;
  }

  override readableMap(type: number): HeaderMap | undefined {
    return this.#logged && type <= MapType.CallResponseTrailers
      ? this.#logged.map(type)
      : super.readableMap(type);
  }

  /** Creates, starts and configures; returns the step that failed, or undefined. */
  start(): 'StartFailed' | 'ConfigureFailed' | undefined {
    const { vm } = this;
    const { on } = vm;
    this.configuring = true;
    if (on.contextCreate && !vm.failed) {
      vm.invoke(on.contextCreate, this, this.id, 0, 0);
      vm.after();
    }
    this.configuring = false;
    // Envoy calls the start function even when the guest trapped while its root was made; only configure is skipped.
    const created = !vm.failed;
    if (on.vmStart) {
      const failure = vm.failure;
      const started = vm.invoke(on.vmStart, this, this.id, vm.options.configuration.length, 0);
      vm.after();
      if (started === 0 || (created ? vm.failed : vm.failure !== failure)) return 'StartFailed';
    }
    return this.#configure();
  }

  #configure(): 'ConfigureFailed' | undefined {
    const { vm } = this;
    if (vm.failed || !vm.on.configure) return undefined;
    this.configuring = true;
    const configured = vm.invoke(vm.on.configure, this, this.id, this.plugin.configuration.length, 0);
    this.configuring = false;
    vm.after();
    return configured === 0 || vm.failed ? 'ConfigureFailed' : undefined;
  }

  /** Sets the tick period: 0 stops the timer, another period starts it again from now. */
  setTickPeriod(periodMs: number): void {
    this.#tickPeriodMs = periodMs;
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    if (periodMs > 0 && this.vm.on.tick) this.#armTick();
  }

  onQueueReady(token: number): void {
    const { vm } = this;
    vm.deliver(() => {
      if (vm.failed || this.destroyed || !vm.on.queueReady) return;
      vm.invoke(vm.on.queueReady, this, this.id, token, 0);
      vm.after();
    });
  }

  onHttpCallResponse(token: number, headers: HeaderMap, body: Uint8Array, trailers: HeaderMap): void {
    this.#answerHttpCall(token, { headers, body, trailers });
  }

  onHttpCallFailure(token: number): void {
    this.statusCode = Status.BrokenConnection;
    this.statusMessage = 'reset';
    this.#answerHttpCall(token, { headers: undefined, body: undefined, trailers: undefined });
    this.statusMessage = '';
  }

  #answerHttpCall(token: number, response: CallResponse): void {
    const { vm } = this;
    if (!vm.httpCalls.delete(token) || vm.failed || !vm.on.httpCallResponse) return;
    this.callResponse = response;
    vm.invoke(
      vm.on.httpCallResponse,
      this,
      this.id,
      token,
      response.headers?.size ?? 0,
      response.body?.length ?? 0,
      response.trailers?.size ?? 0,
    );
    this.callResponse = undefined;
    vm.after();
  }

  onGrpcInitialMetadata(token: number, metadata: HeaderMap): void {
    const { vm } = this;
    if (vm.failed || !vm.grpcCalls.has(token) || !vm.on.grpcInitialMetadata) return;
    this.grpcInitialMetadata = metadata;
    vm.invoke(vm.on.grpcInitialMetadata, this, this.id, token, metadata.size);
    this.grpcInitialMetadata = undefined;
    vm.after();
  }

  onGrpcMessage(token: number, message: Uint8Array): void {
    const { vm } = this;
    if (vm.failed || !vm.grpcCalls.has(token) || !vm.on.grpcReceive) return;
    this.grpcMessage = BodyBuffer.of(message);
    vm.invoke(vm.on.grpcReceive, this, this.id, token, message.length);
    this.grpcMessage = undefined;
    vm.after();
  }

  onGrpcTrailingMetadata(token: number, metadata: HeaderMap): void {
    const { vm } = this;
    if (vm.failed || !vm.grpcCalls.has(token) || !vm.on.grpcTrailingMetadata) return;
    this.grpcTrailingMetadata = metadata;
    vm.invoke(vm.on.grpcTrailingMetadata, this, this.id, token, metadata.size);
    this.grpcTrailingMetadata = undefined;
    vm.after();
  }

  onGrpcClose(token: number, status: number, message: ByteString): void {
    const { vm } = this;
    if (vm.failed) return;
    this.statusCode = status;
    this.statusMessage = message;
    if (vm.on.grpcClose) {
      vm.invoke(vm.on.grpcClose, this, this.id, token, status);
      vm.after();
    }
    this.statusMessage = '';
  }

  /**
   * Delivers a DNS answer, as in Envoy possibly inside the call that asked for it. Queued actions then wait for the
   * callback that asked.
   */
  onDnsResolved(token: number, result: Uint8Array): void {
    const { vm } = this;
    const { depth } = vm;
    if (vm.failed || this.destroyed || !vm.on.resolveDns) return;
    vm.depth = 0;
    vm.callData = result;
    vm.invoke(vm.on.resolveDns, this, this.id, token, result.length);
    vm.depth = depth;
    if (depth !== 0) return;
    vm.callData = undefined;
    vm.after();
  }

  /** Passes a flush to a stats sink; `data` is in Envoy's layout. */
  onStatsUpdate(data: Uint8Array): void {
    const { vm } = this;
    if (vm.failed || !vm.on.statsUpdate) return;
    vm.callData = data;
    vm.invoke(vm.on.statsUpdate, this, this.id, data.length, 0);
    vm.callData = undefined;
    vm.after();
  }

  /** Calls `proxy_on_log` of an access logger for an ended stream. */
  onAccessLog(view: AccessLogHeaders): void {
    const { vm } = this;
    if (vm.failed || !vm.on.log) return;
    this.#logged = view;
    vm.invoke(vm.on.log, this, this.id, 0, 0);
    this.#logged = undefined;
    vm.after();
  }

  /** Removes the plugin: calls done, then delete, at once or after `proxy_done`. */
  shutdown(): void {
    const { vm } = this;
    for (const [key, root] of vm.roots) if (root === this) vm.roots.delete(key);
    if (vm.failed || !vm.on.done) return this.#remove();
    const done = vm.invoke(vm.on.done, this, this.id, 0, 0);
    vm.after();
    if (done !== 0 || vm.failed) this.#remove();
    else this.pendingDone = true;
  }

  /** Handles `proxy_done`; returns false when nothing waits for it. */
  finish(): boolean {
    if (!this.pendingDone) return false;
    this.pendingDone = false;
    this.vm.defer(() => this.#remove());
    return true;
  }

  #remove(): void {
    const { vm } = this;
    if (this.destroyed) return;
    this.setTickPeriod(0);
    if (vm.on.delete && !vm.failed) {
      vm.invoke(vm.on.delete, this, this.id, 0, 0);
      vm.after();
    }
    this.vanish();
  }

  /** Removes the root without calling the guest, because its VM is removed, even if it still waits for `proxy_done`. */
  vanish(): void {
    const { vm } = this;
    if (this.destroyed) return;
    this.setTickPeriod(0);
    this.pendingDone = false;
    this.destroyed = true;
    vm.contexts.delete(this.id);
    for (const [token, call] of vm.httpCalls.entries()) {
      if (call.root !== this) continue;
      vm.httpCalls.delete(token);
      call.cancel();
    }
    for (const [token, exchange] of vm.grpcCalls.entries()) {
      if (exchange.root !== this) continue;
      vm.grpcCalls.delete(token);
      exchange.call?.cancel();
    }
  }

  #armTick(): void {
    this.#cancelTick = this.vm.services.environment.schedule(this.#tickPeriodMs, () => {
      const { vm } = this;
      this.#cancelTick = undefined;
      if (vm.failed || this.destroyed || !vm.on.tick) return;
      vm.deliver(() => {
        if (vm.failed || this.destroyed || !vm.on.tick) return;
        vm.invoke(vm.on.tick, this, this.id, 0, 0);
        vm.after();
        if (this.#tickPeriodMs > 0 && this.#cancelTick === undefined && !this.destroyed) this.#armTick();
      });
    });
  }
}
