/** Texts that YAML readers disagree about: kubectl and Envoy read from our documents what was meant. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { pluginOf } from '../../../src/targets/envoy/bootstrap.ts';
import { addToFile } from '../../../src/targets/envoy/edit/edit.ts';
import { wasmEntry } from '../../../src/targets/envoy/filters.ts';
import type { DeployIntent } from '../../../src/targets/intent.ts';
import type { Plan } from '../../../src/targets/target.ts';
import { plain } from '../../../src/targets/annotated-document.ts';
import { renderYaml } from '../../../src/targets/yaml.ts';
import { newMachine } from '../../helpers/cli/cli.ts';
import {
  envoyGatewayPlan,
  glooPlan,
  higressPlan,
  istioPlan,
  plainIntent,
} from '../../helpers/deploy/deploy-cases.ts';
import { filterBootstrap, realEnvoy } from '../../helpers/servers/envoy.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { asUtf8, hostileObject, hostileTexts } from '../../helpers/hostile-texts.ts';
import { describeWith, tool } from '../../helpers/tools.ts';

const texts = hostileTexts(400);
const text = texts.join('');
const json = { configuration: { form: 'json', value: hostileObject(400) } } as const;
const raw: Partial<DeployIntent> = {
  configuration: { form: 'text', text },
  vmConfiguration: { form: 'text', text: texts.slice(0, 50).join('') },
  env: { A: text },
};

interface KubernetesObject {
  readonly metadata: { readonly labels?: Record<string, string> };
}

describeWith(['kubectl'], 'kubectl reads hostile texts as they were meant', () => {
  /** Returns one document as kubectl parsed it, without an API server. */
  function read(yaml: string): unknown {
    const found = execFileSync(tool('kubectl'), ['label', '--local', '-f', '-', 'read=1', '-o', 'json'], {
      input: yaml,
      env: { KUBECONFIG: '/dev/null', HOME: newMachine().cwd },
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    const object = JSON.parse(found) as KubernetesObject;
    delete object.metadata.labels?.['read'];
    return object;
  }

  it.each<[string, () => Plan]>([
    ['WasmPlugin', () => istioPlan({ version: '1.29', intent: json })],
    ['TrafficExtension', () => istioPlan({ version: '1.31', intent: json })],
    ['EnvoyFilter', () => istioPlan({ version: '1.31', intent: raw })],
    ['Gateway of Gloo', () => glooPlan({ intent: { configuration: { form: 'text', text }, rootId: text } })],
    [
      'EnvoyExtensionPolicy',
      () => envoyGatewayPlan({ version: '1.9', intent: json, options: { targetRefs: ['Gateway/eg'] } }),
    ],
    ['WasmPlugin of Higress', () => higressPlan({ intent: json })],
  ])('%s', (_kind, make) => {
    for (const { content } of make().documents) {
      const meant = asUtf8(plain(content)) as KubernetesObject;
      for (const explain of [false, true]) {
        const object = read(renderYaml([content], { explain })) as KubernetesObject;
        expect(object).toMatchObject(meant);
        expect(object).not.toHaveProperty('injected');
        expect((object as { spec?: unknown }).spec).toEqual((meant as { spec?: unknown }).spec);
      }
    }
  });

  it('each text as a key, a value, a list item and a reason', () => {
    const spec = { texts, keys: Object.fromEntries(texts.map((each, index) => [`${each}${index}`, each])) };
    const tree = { apiVersion: 'example.com/v1', kind: 'Example', metadata: { name: 'x' }, spec };
    expect(read(renderYaml([tree]))).toMatchObject({ spec: asUtf8(spec) as object });
  });
});

describeWith(['envoy-1.40', 'envoy-1.36'], 'Envoy reads hostile texts as they were meant', () => {
  it.each(['1.40', '1.36'] as const)('%s', async release => {
    const module = guestFile(newMachine().cwd, 'deploy-kinds');
    const envoy = await realEnvoy(filterBootstrap(module, raw), { release });
    const dump = JSON.stringify(await envoy.admin.json('/config_dump'));
    expect(dump).toContain(JSON.stringify(asUtf8(text)));
  });

  it.each<[string, (text: string) => string]>([
    ['YAML', file => file],
    ['JSON', file => JSON.stringify(parse(file), null, 2)],
  ])('in a filter put into a file of %s', async (_form, written) => {
    const module = guestFile(newMachine().cwd, 'deploy-kinds');
    const intent: DeployIntent = {
      ...plainIntent,
      ...raw,
      id: 'second',
      code: { from: 'file', path: module, digest: '' },
    };
    const entry = wasmEntry('http', 'second', pluginOf(intent, {}));
    const file = addToFile(written(filterBootstrap(module)), { intent, entry, clusters: [] }, { path: 'e' });
    const envoy = await realEnvoy(file);
    expect(JSON.stringify(await envoy.admin.json('/config_dump'))).toContain(JSON.stringify(asUtf8(text)));
  });
});
