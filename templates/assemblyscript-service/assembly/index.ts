// The module's entry point: everything exported here is what the proxy can call.
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
export {
  proxy_on_context_create,
  proxy_on_delete,
  proxy_on_done,
  proxy_on_log,
} from "./lifecycle";

import { registerRootContext } from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Watcher } from "./watcher";

registerRootContext((contextId: u32) => new Watcher(contextId), "{{name}}");
