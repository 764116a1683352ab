/** The Proxy-Wasm ABI of a module: the version that it speaks, the callbacks of a version, and what a host offers to it. */
import { type GuestCallback, guestCallbacks } from './callbacks.ts';
import { type AbiVersion, abiVersions } from './functions.ts';
import type { EnvoyOffer } from './hosts.ts';
import type { ModuleInfo } from './module.ts';

/** Describes the functions and features that a host offers to a module. */
export interface AbiHost extends EnvoyOffer {
  /** Vendor functions that the host adds, as `module.name`. */
  readonly extraImports?: readonly string[];
}

/** Pages of 64 KiB that a host grants at most: 1 GiB. */
export const maxMemoryPages = 16_384;

/** Returns the version whose marker function comes first in the export section, or undefined when no host knows one of them. */
export function detectAbi(module: ModuleInfo): AbiVersion | undefined {
  for (const { kind, name } of module.exports) {
    if (kind !== 'function' || !name.startsWith('proxy_abi_version_')) continue;
    const version = name.slice('proxy_abi_version_'.length).replaceAll('_', '.') as AbiVersion;
    if (abiVersions.includes(version)) return version;
  }
  return undefined;
}

/** Returns the callbacks of one ABI version by name. */
export function callbacksOf(version: AbiVersion): Map<string, GuestCallback> {
  return new Map(guestCallbacks.filter(item => item.abis.includes(version)).map(item => [item.name, item]));
}
