// The end of a context's life, safe for root contexts.
//
// The SDK looks every context up in its table of streams, where root contexts are not, and aborts when the proxy
// ends one. A proxy does that on each change of the configuration, so without this file the first change would
// leave the whole VM broken. It can go when the SDK handles root contexts itself.
import * as sdk from "@gcoredev/proxy-wasm-sdk-as/assembly/exports";

const roots = new Set<u32>();

export function proxy_on_context_create(contextId: u32, rootId: u32): void {
  if (rootId == 0) roots.add(contextId);
  sdk.proxy_on_context_create(contextId, rootId);
}

/** 1: nothing is pending, the context may be deleted at once. */
export function proxy_on_done(contextId: u32): u32 {
  return roots.has(contextId) ? 1 : sdk.proxy_on_done(contextId);
}

export function proxy_on_log(contextId: u32): void {
  if (!roots.has(contextId)) sdk.proxy_on_log(contextId);
}

export function proxy_on_delete(contextId: u32): void {
  if (roots.has(contextId)) roots.delete(contextId);
  else sdk.proxy_on_delete(contextId);
}
