/** A loaded plugin: holds its present VM and root context, and applies the failure policy to new streams. */
import { WasmeError } from '../errors.ts';
import type { AccessLogHeaders } from './http/access-log-headers.ts';
import type { PluginSettings } from './plugin-settings.ts';
import type { RootContext } from './vm/root-context.ts';
import type { HostServices } from './services.ts';
import { encodeStats, type FlushedStat } from './state/stats-flush.ts';

/** Counters of `wasm.<plugin name>.vm_reload_*`. */
export interface ReloadCounts {
  success: number;
  failure: number;
  backoff: number;
}

export class Plugin {
  readonly settings: PluginSettings;
  readonly reloads: ReloadCounts = { success: 0, failure: 0, backoff: 0 };
  readonly #services: HostServices;
  readonly #makeRoot: () => RootContext;
  readonly #release: (root: RootContext) => void;
  #currentRoot: RootContext;
  #loadedMs: number;
  #closed = false;

  /** `makeRoot` starts the plugin again in a VM that has not failed, or throws. */
  constructor(
    services: HostServices,
    settings: PluginSettings,
    root: RootContext,
    makeRoot: () => RootContext,
    release: (root: RootContext) => void,
  ) {
    this.#services = services;
    this.settings = settings;
    this.#currentRoot = root;
    this.#makeRoot = makeRoot;
    this.#release = release;
    this.#loadedMs = this.#nowMs();
  }

  /** Returns the present root context; a reload makes another one. */
  get root(): RootContext {
    return this.#currentRoot;
  }

  get name(): string {
    return this.settings.name;
  }

  /** Returns true when the guest has trapped; the failure policy decides what follows. */
  get failed(): boolean {
    return this.root.vm.failed;
  }

  /** Returns why the guest has failed. */
  get failure(): string | undefined {
    return this.root.vm.failure;
  }

  /** Returns the size of the guest's memory in bytes. */
  get memoryBytes(): number {
    return this.root.vm.memory.sizeBytes;
  }

  /** Returns the number of contexts in the plugin's VM, roots included. */
  get contextCount(): number {
    return this.root.vm.contexts.size - 1;
  }

  /** Returns the root for a new stream, after a reload if one is due; undefined when the chain leaves the filter out. */
  rootForStream(): RootContext | undefined {
    if (!this.root.vm.failed) return this.root;
    if (this.settings.failurePolicy === 'reload') this.#reload();
    const open = this.settings.failurePolicy === 'open' || this.settings.legacyFailOpen;
    return this.root.vm.failed && open ? undefined : this.root;
  }

  /** Logs one completed stream, for a plugin that is an access logger. */
  accessLog(view: AccessLogHeaders): void {
    this.root.onAccessLog(view);
  }

  /** Passes one flush of stats to a plugin that is a stats sink. */
  statsUpdate(stats: readonly FlushedStat[]): void {
    this.root.onStatsUpdate(encodeStats(stats));
  }

  /** Calls done and delete on the root. Running streams continue. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release(this.root);
  }

  #reload(): void {
    const { reloadBackoffMs } = this.settings;
    const jitter = new Uint8Array(1);
    this.#services.environment.fillRandom(jitter);
    const waitMs = reloadBackoffMs * (1 + (jitter[0] ?? 0) / 510);
    if (this.#nowMs() - this.#loadedMs < waitMs) {
      this.reloads.backoff++;
      return;
    }
    this.#loadedMs = this.#nowMs();
    try {
      const root = this.#makeRoot();
      this.reloads.success++;
      this.#currentRoot = root;
    } catch (error) {
      if (!(error instanceof WasmeError)) throw error;
      this.reloads.failure++;
      this.root.vm.report('error', `reload failed: ${error.message}`);
    }
  }

  #nowMs(): number {
    return Number(this.#services.environment.monotonicNs() / 1_000_000n);
  }
}
