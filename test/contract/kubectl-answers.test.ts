/** Verbs treat the output of kubectl as data from outside: whatever it is, they end with a coded error or a status, never as a bug of wasme. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Outcome, newMachine } from '../helpers/cli/cli.ts';
import { digest } from '../helpers/deploy/deploy-cases.ts';

const bin = join(import.meta.dirname, '..', 'fixtures', 'bin', 'kubectl-with-answers');
const image = 'registry.example/me/add-header:v1';

/** Runs wasme beside a kubectl that gives these answers; a key is "get pods", "get" or "default". */
async function run(answers: Readonly<Record<string, string>>, argv: readonly string[]): Promise<Outcome> {
  const machine = newMachine({ env: { PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` } });
  const dir = join(machine.home, 'answers');
  mkdirSync(dir);
  for (const [name, text] of Object.entries(answers)) writeFileSync(join(dir, name), text);
  machine.env['KUBECTL_ANSWERS'] = dir;
  return machine.wasme(...argv);
}

const deploys: Readonly<Record<string, readonly string[]>> = {
  istio: ['deploy', 'istio', image, '--digest', digest, '-n', 'shop'],
  gloo: ['deploy', 'gloo', image, '--digest', digest, '--root-id', 'r'],
  'envoy-gateway': ['deploy', 'envoy-gateway', image, '--digest', digest, '--gateway', 'eg'],
  higress: ['deploy', 'higress', image, '--digest', digest],
};

/** Every command line that starts kubectl. */
const lines = Object.entries(deploys)
  .flatMap(([target, deploy]) => [
    [...deploy, '--apply'],
    [...deploy, '--diff'],
    [...deploy, '--dry-run=server'],
    ['status', target, '--id', 'add-header'],
    ['status', target, '--all'],
    ['undeploy', target, '--id', 'add-header'],
    ['undeploy', target, '--id', 'add-header', '--dry-run'],
  ])
  .map(argv => ({ argv, line: argv.join(' ').replace(digest, 'sha256:…') }));

const deep = '{"items":' + '['.repeat(20_000) + ']'.repeat(20_000) + '}';

const hostile: Readonly<Record<string, string>> = {
  'an empty object': '{}',
  null: 'null',
  'an empty list': '[]',
  text: 'Warning: this is not JSON',
  'half of a document': '{"apiVersion": "v1", "items": [',
  'a number': '5',
  'a list without items': '{"apiVersion":"v1","kind":"List"}',
  'items that are an object': '{"items":{}}',
  'items of null': '{"items":[null]}',
  'items of numbers': '{"items":[1]}',
  'an item without metadata': '{"items":[{"apiVersion":"v1","kind":"Pod"}]}',
  'metadata of another type': '{"items":[{"apiVersion":"v1","kind":"Pod","metadata":"x"}]}',
  'an item without a name': '{"items":[{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"a"}}]}',
  'labels of another type':
    '{"items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"wasme.io/id":7}}}]}',
  'items nested 20,000 deep': deep,
};

describe.each(Object.entries(hostile))('kubectl answers with %s', (_title, text) => {
  it.each(lines)('$line', async ({ argv }) => {
    const { exitCode, stdout, stderr } = await run({ default: text }, argv);
    expect(stderr).toMatch(
      /^error\[TOOL_FAILED\]: kubectl (get|apply) .* printed an answer that wasme cannot use: /m,
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });
});

const id = 'add-header';
const owned = {
  namespace: 'shop',
  labels: { 'app.kubernetes.io/managed-by': 'wasme', 'wasme.io/id': id },
  annotations: { 'wasme.io/filters': JSON.stringify({ filters: { [id]: 'h' }, made: 0 }) },
  resourceVersion: '1',
};

/** For each target: its kind, and an object of ours as the API server has it. */
const objects = {
  istio: {
    resource: 'trafficextensions.extensions.istio.io',
    kind: 'TrafficExtension',
    spec: { selector: { matchLabels: { app: 'a' } }, targetRefs: [], wasm: { sha256: 'ab' } },
    status: {},
  },
  gloo: {
    resource: 'gateways.gateway.solo.io',
    kind: 'Gateway',
    spec: { httpGateway: { options: { wasm: { filters: [{ name: id, image: 'r.example/f:v1' }] } } } },
    status: { statuses: { 'gloo-system': { state: 'Accepted', reason: '' } } },
  },
  'envoy-gateway': {
    resource: 'envoyextensionpolicies.gateway.envoyproxy.io',
    kind: 'EnvoyExtensionPolicy',
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'eg' }],
      targetSelectors: [],
      mergeType: 'JSONMerge',
      wasm: [{ name: id, code: { image: { sha256: 'ab' } }, failOpen: true }],
    },
    status: { ancestors: [{ ancestorRef: { kind: 'Gateway', name: 'eg' }, conditions: [] }] },
  },
  higress: {
    resource: 'wasmplugins.extensions.higress.io',
    kind: 'WasmPlugin',
    spec: { sha256: 'ab', phase: 'AUTHN' },
    status: {},
  },
} as const;

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'details-1', namespace: 'shop' },
  spec: { containers: [{ name: 'istio-proxy' }, { name: 'higress-gateway' }] },
  status: { phase: 'Running' },
};

const listOf = (...items: readonly unknown[]): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
const none = { default: '{"items":[]}', 'api-resources': 'trafficextensions.extensions.istio.io\n' };

/** Answers of a cluster in which the target's object is this one, and one pod runs. */
function cluster(target: keyof typeof objects, object: object): Readonly<Record<string, string>> {
  const { resource } = objects[target];
  return {
    ...none,
    [`get ${resource}`]: listOf(object),
    [`get ${resource} ${id}`]: JSON.stringify(object),
    apply: JSON.stringify(object),
    'get pods': listOf(pod),
    exec: '{"configs":[]}',
    'get configmaps': '',
  };
}

/** The object as often as it has fields, each time with another one that has this value. */
function spoiled(value: unknown, garbage: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [garbage];
  const rest = Object.entries(value).flatMap(([key, item]) =>
    spoiled(item, garbage).map(wrong => (Array.isArray(value) ? [wrong] : { ...value, [key]: wrong })),
  );
  return [garbage, ...rest];
}

describe.each(Object.keys(objects) as (keyof typeof objects)[])('an object of %s in the cluster', target => {
  const { kind, spec, status } = objects[target];
  const object = { apiVersion: 'example/v1', kind, metadata: { name: id, ...owned }, spec, status };
  const mine = lines.filter(({ argv }) => argv[1] === target);

  it('that is whole gives every verb something to do', async () => {
    const outcomes = await Promise.all(mine.map(({ argv }) => run(cluster(target, object), argv)));
    expect(outcomes.filter(({ stderr }) => /TOOL_FAILED|INTERNAL/.test(stderr))).toEqual([]);
  });

  // Reading is the same for all verbs that change something, so three of them are enough here.
  const readers = mine.filter(({ argv }) => /--diff|--dry-run$|^status.*--id/.test(argv.join(' ')));

  it.each([[null], [5], [[null]], [{ a: null }]])(
    'with %j in the place of any of its fields ends no verb as a bug of wasme',
    async garbage => {
      const wrong = [
        ...spoiled(spec, garbage).map(other => ({ ...object, spec: other })),
        ...spoiled(status, garbage).map(other => ({ ...object, status: other })),
        ...spoiled(object.metadata, garbage).map(other => ({ ...object, metadata: other })),
      ];
      for (const broken of wrong) {
        const answers = cluster(target, broken);
        const outcomes = await Promise.all(readers.map(({ argv }) => run(answers, argv)));
        const bugs = outcomes.filter(({ exitCode }) => exitCode > 1).map(({ stderr }) => stderr);
        expect(bugs, JSON.stringify(broken)).toEqual([]);
      }
    },
    60_000,
  );
});
