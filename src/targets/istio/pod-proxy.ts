/** Reads the log and Envoy's admin interface of a pod through kubectl. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { kubectl } from '../../io/process/kubectl.ts';
import { type EnvoyAdmin, parseAnswer } from '../envoy/status/admin.ts';
import type { LogReader } from '../envoy/status/log-signs.ts';
import type { KubernetesOptions } from '../kubernetes/objects.ts';
import type { ProxyPlace } from './pods.ts';
import type { Pod } from './schema.ts';

/** Limit for the log of each proxy, which holds access logs too. */
const logLines = 20_000;

/** The log of a proxy. What hinders reading is NETWORK. */
export function podLog(
  { metadata }: Pod,
  { container }: ProxyPlace,
  options: KubernetesOptions,
  system: SystemContext,
): LogReader {
  const { name, namespace = 'default' } = metadata;
  return async since => {
    const args = ['logs', name, '-n', namespace, '-c', container, `--tail=${logLines}`];
    // Without fractions of a second, as kubectl wants it: some lines too many are no harm.
    if (since !== undefined) args.push(`--since-time=${since.toISOString().replace(/\.\d+/, '')}`);
    try {
      return await kubectl(args, options, system);
    } catch (error) {
      throw hindered(error, `the log of ${name} cannot be read`, 'pods/log');
    }
  };
}

function hindered(error: unknown, what: string, right: string): unknown {
  if (!(error instanceof WasmeError) || error.code === 'INTERRUPTED' || error.code === 'TOOL_MISSING')
    return error;
  return new WasmeError('NETWORK', `${what}: ${error.message}`, {
    hint: `the right "${right}" is needed in the namespace`,
    cause: error,
  });
}

/** Envoy's admin interface inside a pod. What hinders asking is NETWORK, as with any admin interface. */
export function podAdmin(
  { metadata }: Pod,
  { container }: ProxyPlace,
  options: KubernetesOptions,
  system: SystemContext,
): EnvoyAdmin {
  const { name, namespace = 'default' } = metadata;
  const ask = async (method: 'GET' | 'POST', path: string): Promise<string> => {
    const args = ['exec', name, '-n', namespace, '-c', container, '--'];
    try {
      return await kubectl(
        [...args, 'pilot-agent', 'request', method, path.replace(/^\//, '')],
        options,
        system,
      );
    } catch (error) {
      throw hindered(error, `the proxy of ${name} cannot be asked`, 'pods/exec');
    }
  };
  const text = (path: string): Promise<string> => ask('GET', path);
  return {
    url: `Pod/${namespace}/${name}`,
    text,
    json: async path => parseAnswer(await text(path), `Pod/${namespace}/${name}`),
    post: path => ask('POST', path),
    async stats(filter) {
      const lines = (await text(`/stats?filter=${encodeURIComponent(filter)}`)).split('\n');
      const rows = lines.map(line => /^(.+): (\d+)$/.exec(line)).filter(match => match !== null);
      return Object.fromEntries(rows.map(([, key = '', value]) => [key, Number(value)]));
    },
  };
}
