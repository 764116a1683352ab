/** Every host that a project names, wherever it does: what its filter has to be right on. */
import { type HostVersion, parseHost } from '../wasm/hosts.ts';
import type { Project } from './schema.ts';

/** Returns the hosts of `run.host`, `hosts` and the versions in `deploy`, each once. Skips invalid names: the verb that uses one refuses it. */
export function namedHosts({ run, hosts = [], deploy }: Project): HostVersion[] {
  const { envoy, istio } = deploy ?? {};
  const texts = [
    run?.host,
    ...hosts,
    envoy?.version === undefined ? undefined : `envoy@${envoy.version}`,
    istio?.version === undefined ? undefined : `istio@${istio.version}`,
  ];
  const named = new Map<string, HostVersion>();
  for (const text of texts) {
    const host = text === undefined ? undefined : hostOf(text);
    if (host !== undefined) named.set(host.text, host);
  }
  return [...named.values()];
}

function hostOf(text: string): HostVersion | undefined {
  try {
    return parseHost(text);
  } catch {
    return undefined;
  }
}
