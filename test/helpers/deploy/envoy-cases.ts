/** Lists plans of the target `envoy`: one row per version, kind and feature. Goldens and real Envoys share them. */
import type { EnvoyOptions } from '../../../src/targets/envoy/options.ts';
import { envoyTarget } from '../../../src/targets/envoy/target.ts';
import type { DeployIntent } from '../../../src/targets/intent.ts';
import type { Plan } from '../../../src/targets/target.ts';
import { renderYaml } from '../../../src/targets/yaml.ts';
import { digest, plainIntent } from './deploy-cases.ts';

/** Path of the module in the goldens. */
export const goldenModule = '/etc/envoy/add-header.wasm';

interface Row {
  readonly name: string;
  readonly intent?: Partial<DeployIntent>;
  readonly options?: EnvoyOptions;
}

const upstream = { upstream: 'http://backend.example:3000' } as const;

export const envoyRows: readonly Row[] = [
  { name: 'envoy-1.40-http' },
  {
    name: 'envoy-1.40-http-full',
    intent: {
      rootId: 'root',
      vmId: 'shared',
      configuration: { form: 'json', value: { header: 'x-team', on: true, limit: 10 } },
      vmConfiguration: { form: 'text', text: 'for the VM' },
      env: { MODE: 'on', ALPHA: '1' },
      hostEnv: ['HOME'],
      failPolicy: 'reload',
      allowedCapabilities: ['proxy_on_request_headers', 'proxy_log'],
      allowOnHeadersStopIteration: true,
    },
    options: { ...upstream, clusters: { auth: 'https://auth.example', rpc: 'grpc://10.0.0.1:50051' } },
  },
  {
    name: 'envoy-1.39-capabilities',
    intent: { allowedCapabilities: ['proxy_log'] },
    options: { version: '1.39' },
  },
  { name: 'envoy-1.36-open', intent: { failPolicy: 'open' }, options: { version: '1.36', ...upstream } },
  { name: 'envoy-1.30-open', intent: { failPolicy: 'open' }, options: { version: '1.30' } },
  { name: 'envoy-1.17-http', options: { version: '1.17' } },
  {
    name: 'envoy-1.40-bytes',
    intent: { configuration: { form: 'bytes', bytes: new Uint8Array([0xff, 0x00, 0x80]) } },
  },
  {
    name: 'envoy-1.40-remote',
    intent: { code: { from: 'http', url: 'https://files.example/add-header.wasm', digest } },
    options: upstream,
  },
  { name: 'envoy-1.40-network', intent: { kind: 'network' }, options: { upstream: 'tcp://10.0.0.5:5432' } },
  { name: 'envoy-1.40-network-echo', intent: { kind: 'network' } },
  { name: 'envoy-1.40-service', intent: { kind: 'service' } },
  { name: 'envoy-1.40-service-upstream', intent: { kind: 'service' }, options: upstream },
  { name: 'envoy-1.40-access-log', intent: { kind: 'access-log' }, options: upstream },
  {
    name: 'envoy-1.40-addresses',
    options: {
      listen: { address: '127.0.0.1', port: 10_000 },
      admin: 'none',
      upstream: 'https://[::1]:8443',
    },
  },
  { name: 'envoy-1.40-localhost', options: { upstream: 'http://localhost:3000' } },
  {
    name: 'envoy-1.19-names',
    options: { ...upstream, version: '1.19', clusters: { a: 'http://localhost' } },
  },
  { name: 'envoy-1.40-discovered', options: { dynamic: '/etc/envoy/live', ...upstream } },
];

export function envoyPlan({ intent, options = {} }: Row): Plan {
  const code = { from: 'file', path: goldenModule, digest } as const;
  return envoyTarget.plan({ ...plainIntent, code, ...intent }, options, {});
}

/** The documents of a row as text. */
export function envoyText(row: Row, explain = false): string {
  const plan = envoyPlan(row);
  return renderYaml(
    plan.documents.map(({ content }) => content),
    { explain },
  );
}
