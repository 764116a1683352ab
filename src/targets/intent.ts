/** The filter to deploy: its code and its settings, the same for every control plane. Targets turn it into documents. */
import { canonicalJson } from '../io/canonical-json.ts';
import { sha256Hex } from '../io/sha256.ts';
import type { FailPolicy, FilterKind } from '../project/names.ts';

/** Place that the proxy loads the module from. Digests look like `sha256:<64 hex>`. */
export type IntentCode =
  | {
      readonly from: 'file';
      /** As the proxy will open it. */
      readonly path: string;
      /** Digest of the file's bytes. */
      readonly digest: string;
      /** The image it was taken out of, for explanations. */
      readonly image?: string;
    }
  | {
      readonly from: 'proxy-file';
      /** Absolute, in the container of the proxy; it cannot be read from here. */
      readonly path: string;
      readonly digest: undefined;
    }
  | {
      readonly from: 'http';
      readonly url: string;
      /** Digest of the bytes served; undefined with --no-digest. */
      readonly digest: string | undefined;
    }
  | {
      readonly from: 'image';
      /** Registry, repository and tag without a digest: `ghcr.io/me/add-header:v0.1`. */
      readonly reference: string;
      /** Digest of the image manifest that proxies compare with (never of an index); undefined with --no-digest. */
      readonly digest: string | undefined;
    };

/** Plugin configuration: the exact text, a JSON value, or bytes that are not UTF-8. */
export type IntentConfiguration =
  | { readonly form: 'text'; readonly text: string }
  | { readonly form: 'json'; readonly value: unknown }
  | { readonly form: 'bytes'; readonly bytes: Uint8Array };

/** Facts of the module; absent when it was not read (an image that only the proxies pull). */
export interface ModuleSummary {
  /** `0.2.1`. */
  readonly abi: string;
  /** Imported functions as `proxy_log` (module `env`) or `fd_write` (WASI), sorted. */
  readonly hostFunctions: readonly string[];
  /** Exported callbacks that the host calls, sorted. */
  readonly callbacks: readonly string[];
}

export interface DeployIntent {
  /** Name of the filter in the proxy and of the object in a cluster. */
  readonly id: string;
  readonly kind: FilterKind;
  /** Empty: the module's only or default root. */
  readonly rootId: string;
  /** Empty: no VM is shared by name. */
  readonly vmId: string;
  /** `v8`, `wasmtime`, `wamr`, `null`. */
  readonly runtime: string;
  readonly code: IntentCode;
  readonly configuration?: IntentConfiguration;
  readonly vmConfiguration?: IntentConfiguration;
  /** Variables set for the module. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables passed on from the proxy's own environment. */
  readonly hostEnv: readonly string[];
  /** undefined: the proxy's default, which is closed. */
  readonly failPolicy: FailPolicy | undefined;
  /** Names of the only functions the module may import and the host may call; undefined: no restriction. */
  readonly allowedCapabilities: readonly string[] | undefined;
  /** True when on_request_headers may pause the headers alone; undefined: the proxy's default. */
  readonly allowOnHeadersStopIteration: boolean | undefined;
  readonly module?: ModuleSummary;
  /** Values of the target's own flags (order, traffic, secrets): here only for the hash. */
  readonly placement?: Readonly<Record<string, unknown>>;
}

/** Digest of everything the intent says: equal intents, equal hash, whatever the order of keys. For annotations. */
export function intentHash(intent: DeployIntent): string {
  return sha256Hex(canonicalJson(intent)).slice(0, 16);
}

/** The text a guest reads as its configuration; undefined when it is bytes. JSON has no spaces, keys as they came. */
export function configurationText(configuration: IntentConfiguration): string | undefined {
  if (configuration.form === 'text') return configuration.text;
  return configuration.form === 'json' ? JSON.stringify(configuration.value) : undefined;
}
