import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { WasmeError } from '../../../src/errors.ts';
import {
  envoyGatewayPlan,
  gcpPlan,
  glooPlan,
  higressPlan,
  istioPlan,
  planText,
} from '../../helpers/deploy/deploy-cases.ts';
import { goldenPlans } from '../../helpers/deploy/golden-plans.ts';

const data = (text: string): unknown[] => parseAllDocuments(text).map(document => document.toJS() as unknown);
const goldens = join(import.meta.dirname, '..', '..', 'fixtures', 'goldens', 'deploy');

describe('documents for control planes', () => {
  // Those of Envoy are in unit/targets/envoy/documents.test.ts.
  const others = Object.entries(goldenPlans).filter(([target]) => target !== 'envoy');
  it.each(others.flatMap(([, plans]) => plans))('$name', async ({ name, plan }) => {
    const text = planText(plan());
    await expect(text).toMatchFileSnapshot(join(goldens, `${name}.yaml`));
    expect(planText(plan()), 'the same bytes again').toBe(text);
    expect(data(planText(plan(), true)), 'reasons change nothing').toEqual(data(text));
  });
});

describe('options that a control plane cannot express are refused', () => {
  const text = { configuration: { form: 'text', text: 'world' } } as const;
  const inImage = { code: { from: 'image', reference: 'r.example/f:v1', digest: undefined } } as const;
  it.each<[string, () => unknown, string, RegExp]>([
    [
      'TrafficExtension before 1.30',
      () => istioPlan({ version: '1.29', options: { kind: 'traffic-extension' } }),
      'DEPLOY_UNSUPPORTED',
      /1\.29 has no TrafficExtension/,
    ],
    [
      'raw text in a forced WasmPlugin',
      () => istioPlan({ version: '1.31', intent: text, options: { kind: 'wasm-plugin' } }),
      'DEPLOY_UNSUPPORTED',
      /raw text/,
    ],
    [
      'target references before 1.20',
      () => istioPlan({ version: '1.19', options: { targetRefs: ['Gateway/g'] } }),
      'DEPLOY_UNSUPPORTED',
      /cannot attach/,
    ],
    [
      'two targets before 1.22',
      () => istioPlan({ version: '1.21', options: { targetRefs: ['Gateway/g', 'Gateway/h'] } }),
      'DEPLOY_UNSUPPORTED',
      /one target, not 2/,
    ],
    [
      'a target in an old EnvoyFilter',
      () => istioPlan({ version: '1.21', intent: text, options: { targetRefs: ['Gateway/g'] } }),
      'DEPLOY_UNSUPPORTED',
      /cannot name a gateway/,
    ],
    [
      'seventeen targets',
      () =>
        istioPlan({
          version: '1.31',
          options: { targetRefs: Array.from({ length: 17 }, (_, n) => `Gateway/g${n}`) },
        }),
      'DEPLOY_UNSUPPORTED',
      /at most 16/,
    ],
    [
      'labels and targets',
      () => istioPlan({ version: '1.31', options: { labels: { a: 'b' }, targetRefs: ['Gateway/g'] } }),
      'USAGE',
      /exclude each other/,
    ],
    [
      'an unknown target',
      () => istioPlan({ version: '1.31', options: { targetRefs: ['Pod/p'] } }),
      'USAGE',
      /Pod\/p/,
    ],
    [
      'an image before 1.12',
      () => istioPlan({ version: '1.11', intent: inImage }),
      'DEPLOY_UNSUPPORTED',
      /cannot pull images/,
    ],
    ['anything before 1.9', () => istioPlan({ version: '1.8' }), 'DEPLOY_UNSUPPORTED', /fork of Envoy/],
    ['an Istio that is none', () => istioPlan({ version: '2.1' }), 'USAGE', /"2\.1"/],
    [
      'a service from an image',
      () => istioPlan({ version: '1.31', intent: { kind: 'service' } }),
      'DEPLOY_UNSUPPORTED',
      /not for a service/,
    ],
    [
      'a secret in an EnvoyFilter',
      () => istioPlan({ version: '1.31', intent: text, options: { pullSecret: 's' } }),
      'DEPLOY_UNSUPPORTED',
      /pull secret/,
    ],
    [
      'a waypoint before 1.29',
      () =>
        istioPlan({
          version: '1.28',
          intent: text,
          options: { patchContext: 'waypoint', targetRefs: ['Service/s'] },
        }),
      'DEPLOY_UNSUPPORTED',
      /waypoints/,
    ],
    [
      'a waypoint that is not named',
      () => istioPlan({ version: '1.31', options: { patchContext: 'waypoint', labels: { a: 'b' } } }),
      'USAGE',
      /a waypoint gets only/,
    ],
    [
      'reload in an Istio whose Envoy has none',
      () => istioPlan({ version: '1.20.2', intent: { failPolicy: 'reload' } }),
      'DEPLOY_UNSUPPORTED',
      /^Istio 1\.20 has no field for --fail-policy reload$/,
    ],
    [
      'a secret that Istio would take for none',
      () => istioPlan({ version: '1.31', options: { pullSecret: 'Access' } }),
      'DEPLOY_NAME',
      /"Access"/,
    ],
    [
      'such a secret in Envoy Gateway',
      () =>
        envoyGatewayPlan({
          version: '1.9',
          options: { targetRefs: ['Gateway/g'], pullSecret: 'ns/access' },
        }),
      'DEPLOY_NAME',
      /"ns\/access"/,
    ],
    [
      'such a secret in Higress',
      () => higressPlan({ options: { pullSecret: 'a_b' } }),
      'DEPLOY_NAME',
      /"a_b"/,
    ],
    [
      'a reserved variable',
      () => istioPlan({ version: '1.31', intent: { env: { ISTIO_META_WASM_X: '' } } }),
      'DEPLOY_UNSUPPORTED',
      /ISTIO_META_WASM_X/,
    ],
    [
      'a long variable',
      () => istioPlan({ version: '1.31', intent: { env: { X: 'x'.repeat(2049) } } }),
      'DEPLOY_UNSUPPORTED',
      /2048/,
    ],
    [
      'a name with capitals',
      () => istioPlan({ version: '1.31', intent: { id: 'AddHeader' } }),
      'DEPLOY_NAME',
      /"AddHeader"/,
    ],
    [
      'a name too long',
      () => istioPlan({ version: '1.31', intent: { id: 'a'.repeat(64) } }),
      'DEPLOY_NAME',
      /63/,
    ],
    [
      'a namespace with a dot',
      () => istioPlan({ version: '1.31', options: { namespace: 'a.b' } }),
      'DEPLOY_NAME',
      /"a\.b"/,
    ],
    [
      'a label with a wildcard',
      () => istioPlan({ version: '1.31', options: { labels: { app: 'det*' } } }),
      'DEPLOY_NAME',
      /app=det\*/,
    ],
    [
      'a label key with two slashes',
      () => istioPlan({ version: '1.31', options: { labels: { 'a/b/c': 'd' } } }),
      'DEPLOY_NAME',
      /a\/b\/c/,
    ],
    [
      'a network filter in Gloo',
      () => glooPlan({ intent: { kind: 'network' } }),
      'DEPLOY_UNSUPPORTED',
      /network filter/,
    ],
    [
      'variables in Gloo',
      () => glooPlan({ intent: { env: { A: 'b' } } }),
      'DEPLOY_UNSUPPORTED',
      /environment/,
    ],
    ['a stage Gloo has not', () => glooPlan({ options: { filterStage: 'Early' } }), 'USAGE', /"Early"/],
    ['no target in Envoy Gateway', () => envoyGatewayPlan({ version: '1.9' }), 'USAGE', /none was named/],
    [
      'a service as target in Envoy Gateway',
      () => envoyGatewayPlan({ version: '1.9', options: { targetRefs: ['Service/s'] } }),
      'USAGE',
      /Service\/s/,
    ],
    [
      'Wasm in Envoy Gateway 1.0',
      () => envoyGatewayPlan({ version: '1.0', options: { targetRefs: ['Gateway/g'] } }),
      'DEPLOY_UNSUPPORTED',
      /Wasm filters/,
    ],
    [
      'host variables before 1.3',
      () =>
        envoyGatewayPlan({
          version: '1.2',
          intent: { hostEnv: ['A'] },
          options: { targetRefs: ['Gateway/g'] },
        }),
      'DEPLOY_UNSUPPORTED',
      /--env/,
    ],
    [
      'raw text in Envoy Gateway',
      () => envoyGatewayPlan({ version: '1.9', intent: text, options: { targetRefs: ['Gateway/g'] } }),
      'DEPLOY_UNSUPPORTED',
      /not JSON/,
    ],
    [
      'a network filter in Higress',
      () => higressPlan({ intent: { kind: 'network' } }),
      'DEPLOY_UNSUPPORTED',
      /network filter/,
    ],
    ['raw text in Higress', () => higressPlan({ intent: text }), 'DEPLOY_UNSUPPORTED', /JSON object/],
    [
      'reload in Higress',
      () => higressPlan({ intent: { failPolicy: 'reload' } }),
      'DEPLOY_UNSUPPORTED',
      /reload/,
    ],
    [
      'rules for any module in Higress',
      () => higressPlan({ options: { domains: ['a.example'] } }),
      'USAGE',
      /read by the module/,
    ],
    [
      'a domain that is none in Higress',
      () => higressPlan({ options: { domains: ['https://a'], higressSdk: true } }),
      'USAGE',
      /https:\/\/a/,
    ],
    ['a bad name in Higress', () => higressPlan({ intent: { id: 'A_B' } }), 'DEPLOY_NAME', /"A_B"/],
    ['no project in Google Cloud', () => gcpPlan({}), 'USAGE', /no Google Cloud project was named/],
    ['a project that is none', () => gcpPlan({ options: { project: 'My Project' } }), 'USAGE', /My Project/],
    [
      'a location that is none',
      () => gcpPlan({ options: { project: 'my-project', location: '../x' } }),
      'USAGE',
      /location/,
    ],
    [
      'a forwarding rule that is none',
      () => gcpPlan({ options: { project: 'my-project', forwardingRules: ['web'] } }),
      'USAGE',
      /"web"/,
    ],
    [
      'variables in Google Cloud',
      () => gcpPlan({ intent: { env: { A: 'b' } }, options: { project: 'my-project' } }),
      'DEPLOY_UNSUPPORTED',
      /environment/,
    ],
    [
      'an extension for a module that nobody read',
      () =>
        gcpPlan({
          intent: { module: { abi: '0.2.1', hostFunctions: [], callbacks: ['proxy_on_tick'] } },
          options: { project: 'my-project', forwardingRules: ['projects/p/global/forwardingRules/w'] },
        }),
      'DEPLOY_UNSUPPORTED',
      /no callback/,
    ],
    [
      'a name with a dot in Google Cloud',
      () => gcpPlan({ intent: { id: 'a.b' }, options: { project: 'my-project' } }),
      'DEPLOY_NAME',
      /"a\.b"/,
    ],
  ])('%s', (_title, run, code, message) => {
    let thrown: unknown;
    try {
      run();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(WasmeError);
    const failure = thrown as WasmeError;
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
    expect(failure.hint).toBeTruthy();
  });
});

describe('a plan warns the user', () => {
  it.each<[string, () => { warnings: readonly string[] }, RegExp]>([
    [
      'an EnvoyFilter and why',
      () => istioPlan({ version: '1.31', intent: { allowOnHeadersStopIteration: true } }),
      /EnvoyFilter .* allow_on_headers_stop_iteration/,
    ],
    [
      'an empty object',
      () => istioPlan({ version: '1.31', intent: { configuration: { form: 'json', value: {} } } }),
      /empty configuration object/,
    ],
    ['an Istio from the future', () => istioPlan({ version: '1.99' }), /newer than this wasme knows/],
    [
      'inbound on a gateway',
      () => istioPlan({ version: '1.31', options: { patchContext: 'inbound', targetRefs: ['Gateway/g'] } }),
      /never run/,
    ],
    [
      'a class of gateways from elsewhere',
      () => istioPlan({ version: '1.31', options: { targetRefs: ['GatewayClass/istio-waypoint'] } }),
      /root namespace only/,
    ],
    [
      'the whole mesh',
      () => istioPlan({ version: '1.31', options: { namespace: 'istio-system' } }),
      /whole mesh/,
    ],
    [
      'an Envoy Gateway from the future',
      () => envoyGatewayPlan({ version: '1.99', options: { targetRefs: ['Gateway/g'] } }),
      /newer than this wasme knows/,
    ],
    [
      'a number that no double holds',
      () => istioPlan({ version: '1.31', intent: { configuration: { form: 'text', text: '{"a":1e400}' } } }),
      /this is raw text/,
    ],
    ['no root id for Gloo', () => glooPlan({}), /root id/],
    ['another namespace for Higress', () => higressPlan({ options: { namespace: 'x' } }), /higress-system/],
    [
      'an image that is not in Artifact Registry, and a root id',
      () =>
        gcpPlan({
          intent: { rootId: 'r', code: { from: 'image', reference: 'ghcr.io/me/f:v1', digest: undefined } },
          options: { project: 'my-project' },
        }),
      /root id[^]*Artifact Registry/,
    ],
  ])('%s', (_title, plan, warning) => {
    expect(plan().warnings.join('\n')).toMatch(warning);
  });
});

describe('the remaining command for the user', () => {
  it('is one line of gcloud per resource, quoted for a shell', () => {
    const rules = { project: 'my-project', forwardingRules: ['projects/p/global/forwardingRules/w'] };
    const plan = gcpPlan({ intent: { configuration: { form: 'text', text: "it's $HOME" } }, options: rules });
    expect(plan.notes).toEqual([
      expect.stringMatching(
        /^gcloud service-extensions wasm-plugins create add-header --project=my-project --location=global --image=us-docker\.pkg\.dev\/\S+@sha256:\S+ --main-version=v-[0-9a-f]{12} '--plugin-config=it'\\''s \$HOME'$/,
      ),
      'gcloud service-extensions lb-traffic-extensions import add-header --project=my-project --location=global --source=extension.yaml',
    ]);
    const long = gcpPlan({ intent: { configuration: { form: 'text', text: 'two\nlines' } }, options: rules });
    expect(long.notes?.[0]).toContain(' --plugin-config-file=FILE');
  });
});
