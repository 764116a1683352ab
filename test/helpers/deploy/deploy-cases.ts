/** Lists plans of the Kubernetes targets: one row per target, version and feature. Goldens and the real API server share them. */
import { envoyGateway } from '../../../src/targets/envoy-gateway/target.ts';
import {
  type EnvoyGatewayOptions,
  parseEnvoyGatewayVersion,
} from '../../../src/targets/envoy-gateway/options.ts';
import { gcp } from '../../../src/targets/gcp/target.ts';
import type { GcpOptions } from '../../../src/targets/gcp/options.ts';
import { gloo } from '../../../src/targets/gloo/target.ts';
import type { GlooOptions } from '../../../src/targets/gloo/options.ts';
import { higress } from '../../../src/targets/higress/target.ts';
import type { HigressOptions } from '../../../src/targets/higress/options.ts';
import type { DeployIntent } from '../../../src/targets/intent.ts';
import { istio } from '../../../src/targets/istio/target.ts';
import type { IstioOptions } from '../../../src/targets/istio/options.ts';
import { parseIstioVersion } from '../../../src/targets/istio/versions.ts';
import type { Plan } from '../../../src/targets/target.ts';
import { renderYaml } from '../../../src/targets/yaml.ts';

export const digest = `sha256:${'3b'.repeat(32)}`;

/** A filter that asks for nothing special. */
export const plainIntent: DeployIntent = {
  id: 'add-header',
  kind: 'http',
  rootId: '',
  vmId: '',
  runtime: 'v8',
  code: { from: 'image', reference: 'registry.example:5000/me/add-header:v0.1', digest },
  env: {},
  hostEnv: [],
  failPolicy: undefined,
  allowedCapabilities: undefined,
  allowOnHeadersStopIteration: undefined,
};

const text = (value: string): Partial<DeployIntent> => ({ configuration: { form: 'text', text: value } });
const object = { configuration: { form: 'json', value: { header: 'x-team', on: true, limit: 10 } } } as const;
const served = { code: { from: 'http', url: 'https://files.example/add-header.wasm', digest } } as const;
const inContainer = { code: { from: 'proxy-file', path: '/etc/wasm/f.wasm', digest: undefined } } as const;

interface Row<Options> {
  /** Name of the golden. */
  readonly name: string;
  readonly intent?: Partial<DeployIntent>;
  readonly options?: Options;
}

interface IstioRow extends Row<IstioOptions> {
  readonly version: string;
}

export const istioRows: readonly IstioRow[] = [
  { name: 'istio-1.12-plugin', version: '1.12', options: { labels: { app: 'details' } } },
  { name: 'istio-1.14-plugin-env', version: '1.14', intent: { env: { MODE: 'on' }, hostEnv: ['POD_NAME'] } },
  {
    name: 'istio-1.16-plugin-match',
    version: '1.16',
    intent: object,
    options: { patchContext: 'inbound', ports: [8080, 9090] },
  },
  { name: 'istio-1.18-filter-open', version: '1.18', intent: { failPolicy: 'open' } },
  { name: 'istio-1.19-plugin-open', version: '1.19.3', intent: { ...object, failPolicy: 'open' } },
  {
    name: 'istio-1.20-plugin-target',
    version: '1.20',
    options: { targetRefs: ['Gateway/ingress'], phase: 'authz', priority: 5 },
  },
  { name: 'istio-1.20-plugin-network', version: '1.20', intent: { kind: 'network' } },
  {
    name: 'istio-1.22-plugin-targets',
    version: '1.22',
    options: { targetRefs: ['Service/reviews', 'ServiceEntry/api'], phase: 'stats' },
  },
  { name: 'istio-1.26-filter-reload', version: '1.26', intent: { failPolicy: 'reload' } },
  { name: 'istio-1.27-plugin-reload', version: '1.27', intent: { ...served, failPolicy: 'reload' } },
  {
    name: 'istio-1.29-plugin-private',
    version: '1.29.0',
    intent: { rootId: 'add_header_root' },
    options: { pullSecret: 'registry-access', pullPolicy: 'always', phase: 'authn', namespace: 'bookinfo' },
  },
  { name: 'istio-1.30-extension', version: '1.30', options: { labels: { app: 'details' } } },
  {
    name: 'istio-1.31-extension-full',
    version: '1.31.1',
    intent: { ...object, rootId: 'r', failPolicy: 'reload', env: { A: 'b' }, hostEnv: ['POD_NAME'] },
    options: {
      targetRefs: ['Gateway/waypoint'],
      phase: 'unspecified',
      priority: -3,
      ports: [80],
      pullSecret: 'registry-access',
      pullPolicy: 'if-not-present',
    },
  },
  { name: 'istio-1.31-extension-network', version: '1.31', intent: { kind: 'network' } },
  {
    name: 'istio-1.31-extension-file',
    version: '1.31',
    intent: inContainer,
  },
  {
    name: 'istio-1.31-extension-unpinned',
    version: '1.31',
    intent: {
      code: { from: 'image', reference: 'registry.example/me/add-header:latest', digest: undefined },
    },
  },
  { name: 'istio-1.31-plugin-forced', version: '1.31', options: { kind: 'wasm-plugin' } },
  { name: 'istio-1.31-filter-text', version: '1.31', intent: text('world') },
  {
    name: 'istio-1.31-filter-list',
    version: '1.31',
    intent: { configuration: { form: 'json', value: [1] } },
  },
  { name: 'istio-1.31-filter-large-number', version: '1.31', intent: text('{"id":9007199254740993}') },
  {
    name: 'istio-1.31-filter-stop-iteration',
    version: '1.31',
    intent: { allowOnHeadersStopIteration: true },
    options: { phase: 'authn', priority: 7, labels: { app: 'details' } },
  },
  {
    name: 'istio-1.31-filter-capabilities',
    version: '1.31',
    intent: { allowedCapabilities: ['proxy_log', 'proxy_on_context_create'] },
    options: { phase: 'authz', patchContext: 'outbound', ports: [80, 443] },
  },
  {
    name: 'istio-1.31-filter-vm-config',
    version: '1.31',
    intent: {
      vmConfiguration: { form: 'text', text: 'vm' },
      configuration: { form: 'bytes', bytes: new Uint8Array([0, 255]) },
    },
    options: { phase: 'stats', patchContext: 'gateway', targetRefs: ['Gateway/ingress'] },
  },
  {
    name: 'istio-1.29-filter-waypoint',
    version: '1.29',
    intent: text('world'),
    options: { patchContext: 'waypoint', targetRefs: ['Service/reviews'] },
  },
  {
    name: 'istio-1.31-filter-network',
    version: '1.31',
    intent: { kind: 'network', ...text('world') },
    options: { patchContext: 'inbound', ports: [5432] },
  },
  {
    name: 'istio-1.31-filter-service',
    version: '1.31',
    intent: { kind: 'service', ...served },
    options: { labels: { app: 'details' } },
  },
  { name: 'istio-1.31-filter-service-file', version: '1.31', intent: { kind: 'service', ...inContainer } },
  {
    name: 'istio-1.31-filter-access-log',
    version: '1.31',
    intent: { kind: 'access-log', ...served },
    options: { patchContext: 'inbound' },
  },
  { name: 'istio-1.10-filter-http', version: '1.10', intent: served },
  { name: 'istio-1.9-filter-file', version: '1.9.x', intent: inContainer },
];

export const glooRows: readonly Row<GlooOptions>[] = [
  { name: 'gloo-plain', intent: { rootId: 'add_header' } },
  {
    name: 'gloo-full',
    intent: { rootId: 'add_header', ...text('world'), failPolicy: 'open' },
    options: { namespaces: ['gateways'], filterStage: 'authn:before' },
  },
  { name: 'gloo-file', intent: { ...inContainer, rootId: 'r' }, options: { filterStage: 'AcceptedStage' } },
  {
    name: 'gloo-matchable',
    intent: { rootId: 'r' },
    options: { kinds: ['matchable-http-gateway'], namespaces: ['gloo-system'] },
  },
  { name: 'gloo-listener-option', intent: { rootId: 'r' }, options: { kinds: ['http-listener-option'] } },
];

export const envoyGatewayRows: readonly (Row<EnvoyGatewayOptions> & { readonly version: string })[] = [
  { name: 'eg-1.1-image', version: '1.1', options: { targetRefs: ['Gateway/eg'] } },
  {
    name: 'eg-1.3-env',
    version: '1.3',
    intent: { ...object, hostEnv: ['POD_NAME'], rootId: 'r', failPolicy: 'open' },
    options: { targetRefs: ['HTTPRoute/shop', 'GRPCRoute/api'] },
  },
  {
    name: 'eg-1.9-private',
    version: '1.9.1',
    intent: text('["a",{"b":null}]'),
    options: { targetRefs: ['Gateway/eg:https'], pullSecret: 'registry-access', pullPolicy: 'always' },
  },
  {
    name: 'eg-1.4-tls',
    version: '1.4.0',
    options: { selectors: ['Gateway/team=web,tier=edge'], caCertificate: 'ConfigMap/registry-ca' },
  },
  {
    name: 'eg-1.9-merge',
    version: '1.9',
    intent: served,
    options: {
      targetRefs: ['HTTPRoute/shop'],
      selectors: ['GRPCRoute/team=web'],
      merge: 'strategic',
      caCertificate: 'Secret/ca',
    },
  },
  {
    name: 'eg-1.9-http',
    version: '1.9',
    intent: served,
    options: { targetRefs: ['Gateway/eg'], policy: 'filters' },
  },
];

export const higressRows: readonly Row<HigressOptions>[] = [
  { name: 'higress-plain' },
  {
    name: 'higress-full',
    intent: { ...object, rootId: 'r', failPolicy: 'open', env: { A: 'b' }, hostEnv: ['POD_NAME'] },
    options: { phase: 'authn', priority: 300, pullSecret: 'registry-access', pullPolicy: 'always' },
  },
  {
    name: 'higress-rules',
    intent: { ...object, failPolicy: 'closed' },
    options: {
      ingresses: ['shop/web'],
      domains: ['*.shop.example'],
      services: ['web.dns'],
      higressSdk: true,
    },
  },
  { name: 'higress-http', intent: served, options: { phase: 'unspecified' } },
  { name: 'higress-file', intent: inContainer },
];

const callbacks = ['proxy_on_configure', 'proxy_on_request_headers', 'proxy_on_response_body'];
const inGoogle = {
  code: { from: 'image', reference: 'us-docker.pkg.dev/my-project/filters/add-header:v1', digest },
  module: { abi: '0.2.1', hostFunctions: [], callbacks },
} as const;

export const gcpRows: readonly Row<GcpOptions>[] = [
  { name: 'gcp-plain', intent: inGoogle, options: { project: 'my-project' } },
  {
    name: 'gcp-full',
    intent: { ...inGoogle, ...text("it's\n"), failPolicy: 'open' },
    options: {
      project: 'my-project',
      location: 'europe-west1',
      forwardingRules: ['projects/my-project/regions/europe-west1/forwardingRules/web'],
      scheme: 'internal',
      match: 'request.host == "shop.example"',
    },
  },
];

export function istioPlan({ version, intent, options = {} }: Omit<IstioRow, 'name'>): Plan {
  return istio.plan({ ...plainIntent, ...intent }, options, { version: parseIstioVersion(version) });
}

export function glooPlan({ intent, options = {} }: Omit<Row<GlooOptions>, 'name'>): Plan {
  return gloo.plan({ ...plainIntent, ...intent }, options, { gateways: undefined });
}

export function envoyGatewayPlan({
  version,
  intent,
  options = {},
}: Omit<Row<EnvoyGatewayOptions>, 'name'> & { readonly version: string }): Plan {
  const facts = { policies: undefined, version: parseEnvoyGatewayVersion(version) };
  return envoyGateway.plan({ ...plainIntent, ...intent }, { ...options, version }, facts);
}

export function higressPlan({ intent, options = {} }: Omit<Row<HigressOptions>, 'name'>): Plan {
  return higress.plan({ ...plainIntent, ...intent }, options, undefined);
}

export function gcpPlan({ intent, options = {} }: Omit<Row<GcpOptions>, 'name'>): Plan {
  return gcp.plan({ ...plainIntent, ...inGoogle, ...intent }, options, undefined);
}

export function planText(plan: Plan, explain = false): string {
  return renderYaml(
    plan.documents.map(({ content }) => content),
    { explain },
  );
}
