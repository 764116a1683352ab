/** The name that a plugin has in the proxies of a mesh, which need not be that of its object. */
import { dumpedEnvoy } from '../envoy/status/config-dump.ts';

/** Appended by istiod 1.31 when it serves a WasmPlugin as a TrafficExtension. */
const translatedSuffix = '~istio-translated-wasmplugin';

/**
 * Returns the name under which a proxy runs the plugin of a WasmPlugin or TrafficExtension. `name` is
 * `<namespace>.<object>`, `dump` the proxy's /config_dump.
 */
export function pluginNameIn(dump: unknown, name: string): string {
  const translated = name + translatedSuffix;
  return dumpedEnvoy(dump).names.includes(translated) ? translated : name;
}
