/** The host: loads plugins into VMs, shares a VM between plugins with equal vm_id, and builds filter chains. */
import { WasmeError } from '../errors.ts';
import { emptyBytes, sameBytes, toByteString } from './encoding/bytes.ts';
import { HttpChain, type HttpChainOptions } from './http/http-chain.ts';
import { CompileCache, type CompiledFilter } from './vm/compile.ts';
import { prepareForeign } from './foreign/foreign-functions.ts';
import { bindImports } from './imports/bind.ts';
import { LocalMetrics, type MetricStore } from './state/metrics.ts';
import { Plugin } from './plugin.ts';
import { logPrefix, type PluginOptions, type PluginSettings } from './plugin-settings.ts';
import { type HostProfile, newestProfile } from './profiles.ts';
import { RootContext } from './vm/root-context.ts';
import type { ForeignFunction, HostServices, NodeInfo } from './services.ts';
import { LocalSharedData, type SharedData } from './state/shared-data.ts';
import { LocalSharedQueues, type SharedQueues } from './state/shared-queue.ts';
import { TcpChain, type TcpChainOptions } from './tcp/tcp-chain.ts';
import { Tracer } from './trace/trace.ts';
import type { HostEnvironment } from './types.ts';
import { Vm, type VmOptions } from './vm/vm.ts';

export interface HostOptions {
  readonly environment: HostEnvironment;
  /** The Envoy version whose behaviour the host has; default the newest. */
  readonly profile?: HostProfile;
  readonly sharedData?: SharedData;
  readonly sharedQueues?: SharedQueues;
  readonly metrics?: MetricStore;
  readonly node?: NodeInfo;
  readonly foreignFunctions?: ReadonlyMap<string, ForeignFunction>;
  /** Index into trace … critical, 6 for off. Guest logs below it are dropped. Default 2, info. */
  readonly logLevel?: () => number;
  readonly listenerDirection?: number;
  /** A word of shared memory by which another thread sees whether a guest runs (guest-calls.ts). */
  readonly guestCalls?: Int32Array;
}

/** The bytes of a module, or what `compileFilter` made of them (perhaps in another thread). */
export type FilterCode = Uint8Array | CompiledFilter;

export class Host {
  readonly services: HostServices;
  readonly #cache = new CompileCache();
  readonly #vms: { options: VmOptions; compiled: CompiledFilter; vm: Vm }[] = [];
  readonly #plugins = new Set<Plugin>();

  constructor(options: HostOptions) {
    const { environment } = options;
    const post = (callback: () => void): void => void environment.schedule(0, callback);
    this.services = {
      environment,
      profile: options.profile ?? newestProfile,
      sharedData: options.sharedData ?? new LocalSharedData(),
      sharedQueues: options.sharedQueues ?? new LocalSharedQueues(post),
      metrics: options.metrics ?? new LocalMetrics(),
      node: options.node ?? { id: 'wasme', cluster: 'wasme' },
      foreignFunctions: options.foreignFunctions ?? new Map(),
      logLevel: options.logLevel ?? (() => 2),
      listenerDirection: options.listenerDirection ?? 0,
      guestCalls: options.guestCalls ?? new Int32Array(1),
    };
  }

  /**
   * Compiles (once per content), instantiates and starts a plugin. Plugins with the same vmId, VM configuration and code
   * share a VM; with the same name, root id and configuration in it they share the root too.
   * Fails with WASM_INVALID, WASM_ABI, or WASM_START (a trap or a refusal in the start sequence, whatever the policy).
   */
  async loadPlugin(code: FilterCode, options: PluginOptions): Promise<Plugin> {
    const compiled = code instanceof Uint8Array ? await this.#cache.get(code, this.services.profile) : code;
    await prepareForeign(compiled);
    const settings = settle(options, this.services.profile);
    const vmOptions = this.#vmOptions(options, settings);
    let vm = this.#findVm(compiled, vmOptions);
    if (!vm) {
      vm = new Vm(this.services, compiled, vmOptions);
      await vm.start(bindImports);
      this.#keepVm(vm);
    }
    const makeRoot = (): RootContext => {
      let next = this.#findVm(compiled, vmOptions);
      if (!next) {
        next = new Vm(this.services, compiled, vmOptions);
        next.startNow(bindImports);
        this.#keepVm(next);
      }
      return this.#startRoot(next, settings);
    };
    const root = this.#startRoot(vm, settings);
    const plugin = new Plugin(this.services, settings, root, makeRoot, used => this.#release(used));
    this.#plugins.add(plugin);
    return plugin;
  }

  /** Builds a chain of plugins, given in request order. */
  httpChain(plugins: readonly Plugin[], options: HttpChainOptions = {}): HttpChain {
    return new HttpChain(this.services, plugins, options);
  }

  tcpChain(plugins: readonly Plugin[], options: TcpChainOptions = {}): TcpChain {
    return new TcpChain(this.services, plugins, options);
  }

  /** Closes every plugin: calls done and delete on the roots, and stops timers and call-outs. */
  close(): void {
    for (const plugin of this.#plugins) plugin.close();
    this.#plugins.clear();
  }

  /** Returns the number of VMs, for the stat `wasm.<runtime>.active`. */
  get vmCount(): number {
    return this.#vms.length;
  }

  #findVm(compiled: CompiledFilter, options: VmOptions): Vm | undefined {
    return this.#vms.find(
      ({ vm, compiled: code, options: other }) =>
        !vm.failed &&
        other.vmId === options.vmId &&
        sameBytes(other.configuration, options.configuration) &&
        (code === compiled || sameBytes(code.bytes, compiled.bytes)),
    )?.vm;
  }

  #keepVm(vm: Vm): void {
    const failed = this.#vms.findIndex(
      item => item.vm.failed && item.compiled === vm.compiled && item.options.vmId === vm.options.vmId,
    );
    if (failed >= 0) this.#vms.splice(failed, 1);
    this.#vms.push({ options: vm.options, compiled: vm.compiled, vm });
  }

  #vmOptions(options: PluginOptions, settings: PluginSettings): VmOptions {
    const { environment } = this.services;
    const allowed = options.allowedCapabilities ?? [];
    return {
      vmId: settings.vmId,
      configuration: options.vmConfiguration ?? emptyBytes,
      environmentVariables: options.environmentVariables ?? {},
      capabilities: allowed.length === 0 ? undefined : new Set(allowed),
      tracer: options.onTrace && new Tracer(settings.name, () => environment.monotonicNs(), options.onTrace),
    };
  }

  #startRoot(vm: Vm, settings: PluginSettings): RootContext {
    const key = [settings.name, settings.rootId, toByteString(settings.configuration)].join('\0');
    const present = vm.roots.get(key);
    if (present && !present.destroyed) {
      present.users++;
      return present;
    }
    const root = new RootContext(vm, settings);
    const refusal = root.start();
    if (refusal !== undefined) {
      if (vm.failed || vm.roots.size === 0) this.#dropVm(vm);
      const trapped = vm.failure === undefined ? 'returned 0' : vm.failure;
      const [callback, sentence] =
        refusal === 'StartFailed'
          ? ['proxy_on_vm_start', 'Failed to start base Wasm']
          : ['proxy_on_configure', 'Failed to configure base Wasm plugin'];
      throw new WasmeError('WASM_START', `plugin ${settings.name}: ${sentence}: ${callback}: ${trapped}`, {
        hint: 'the filter refused its configuration or trapped while reading it; its own log lines are above',
        details: { plugin: settings.name, refusal, callback },
      });
    }
    root.users++;
    vm.roots.set(key, root);
    return root;
  }

  #release(root: RootContext): void {
    root.users--;
    if (root.users > 0) return;
    root.shutdown();
    if (root.vm.roots.size > 0) return;
    for (const [, context] of root.vm.contexts.entries()) {
      if (context instanceof RootContext) context.vanish();
    }
    this.#dropVm(root.vm);
  }

  #dropVm(vm: Vm): void {
    const at = this.#vms.findIndex(item => item.vm === vm);
    if (at >= 0) this.#vms.splice(at, 1);
  }
}

function settle(options: PluginOptions, profile: HostProfile): PluginSettings {
  if (options.legacyFailOpen === true && options.failurePolicy !== undefined) {
    throw new WasmeError('USAGE', 'only one of fail_open or failure_policy can be set', {
      hint: 'leave out fail_open: failure_policy says the same, and more',
    });
  }
  const rootId = options.rootId ?? '';
  const vmId = options.vmId ?? '';
  return {
    name: options.name,
    rootId,
    vmId,
    configuration: options.configuration ?? emptyBytes,
    failurePolicy: options.failurePolicy ?? 'closed',
    legacyFailOpen: options.legacyFailOpen ?? false,
    reloadBackoffMs: options.reloadBackoffMs ?? 1000,
    allowOnHeadersStopIteration:
      profile.headersStopIteration && (options.allowOnHeadersStopIteration ?? false),
    rootPrefix: logPrefix(rootId, vmId),
    streamPrefix: logPrefix(options.name, rootId, vmId),
  };
}
