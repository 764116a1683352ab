/** Every document that a target writes, with texts that YAML 1.1 readers would take for line breaks and keys. */
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import type { DeployIntent } from '../../../src/targets/intent.ts';
import { addToFile, removeFromFile } from '../../../src/targets/envoy/edit/edit.ts';
import { wasmEntry } from '../../../src/targets/envoy/filters.ts';
import type { Plan } from '../../../src/targets/target.ts';
import { withReason, plain } from '../../../src/targets/annotated-document.ts';
import { renderYaml } from '../../../src/targets/yaml.ts';
import {
  envoyGatewayPlan,
  envoyGatewayRows,
  gcpPlan,
  glooPlan,
  glooRows,
  higressPlan,
  higressRows,
  istioPlan,
  istioRows,
  plainIntent,
  planText,
} from '../../helpers/deploy/deploy-cases.ts';
import { envoyPlan, envoyRows } from '../../helpers/deploy/envoy-cases.ts';
import { asUtf8, hostileObject, hostileTexts, rawInYaml } from '../../helpers/hostile-texts.ts';

type Intent = Partial<DeployIntent>;

const text = hostileTexts(200).join('');
const hostile: readonly Intent[] = [
  {
    configuration: { form: 'json', value: hostileObject(100) },
    vmConfiguration: { form: 'text', text },
    env: { A: text },
  },
  { configuration: { form: 'text', text }, rootId: text, vmId: text },
  {
    code: { from: 'http', url: `https://files.example/${text}`, digest: undefined },
    configuration: { form: 'json', value: [text] },
  },
];

/** The rows of a target, each with other settings of the filter. */
function rowsOf<R extends { readonly name: string; readonly intent?: Intent }>(
  rows: readonly R[],
  plan: (row: R) => Plan,
): (readonly [string, (intent: Intent) => Plan])[] {
  return rows.map(row => [row.name, intent => plan({ ...row, intent: { ...row.intent, ...intent } })]);
}

const rows = [
  ...rowsOf(istioRows, istioPlan),
  ...rowsOf(glooRows, glooPlan),
  ...rowsOf(higressRows, higressPlan),
  ...rowsOf(envoyGatewayRows, envoyGatewayPlan),
  ...rowsOf(envoyRows, envoyPlan),
  ...rowsOf([{ name: 'gcp', intent: {} }], gcpPlan),
];

describe('hostile texts in the documents of a target are written as escapes and read back as they were', () => {
  let written = 0;
  it.each(rows)('%s', (_name, plan) => {
    for (const intent of hostile) {
      let made: Plan;
      try {
        made = plan(intent);
      } catch {
        // A target may refuse what it cannot say.
        continue;
      }
      written++;
      for (const explain of [false, true]) {
        const yaml = planText(made, explain);
        expect(rawInYaml.exec(yaml)?.index).toBeUndefined();
        expect(parseAllDocuments(yaml).map(document => document.toJS() as unknown)).toEqual(
          made.documents.map(({ content }) => asUtf8(plain(content))),
        );
      }
    }
  });

  it('most of the hostile texts are accepted and not refused', () => {
    expect(written).toBeGreaterThan(rows.length);
  });
});

describe('keys, list items and reasons', () => {
  it.each(hostileTexts(300).map((text, index) => ({ text, index })))('text $index', ({ text }) => {
    const tree = {
      [text]: withReason(text, text),
      list: [withReason(text, `why ${text}`), { [text]: 1 }],
      last: true,
    };
    const yaml = renderYaml([tree], { explain: true });
    expect(rawInYaml.exec(yaml)?.index).toBeUndefined();
    expect(parse(yaml)).toEqual(asUtf8(plain(tree)));
  });

  it('a key named __proto__ is written as any other', () => {
    expect(renderYaml([JSON.parse('{"a":{"__proto__":{"b":1}}}') as object as never])).toBe(
      'a:\n  __proto__:\n    b: 1\n',
    );
  });
});

describe("hostile texts in a filter put into a user's file", () => {
  const type =
    'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  const config = {
    static_resources: {
      listeners: [
        {
          name: 'main',
          filter_chains: [
            {
              filters: [
                {
                  name: 'hcm',
                  typed_config: { '@type': type, http_filters: [{ name: 'envoy.filters.http.router' }] },
                },
              ],
            },
          ],
        },
      ],
      clusters: [{ name: 'first' }],
    },
  };
  const path = { path: 'e.yaml' };
  it.each([
    ['YAML', renderYaml([config])],
    ['JSON', JSON.stringify(config, null, 2)],
    ['JSON on one line', JSON.stringify(config)],
  ])('%s', (_form, before) => {
    const entry = wasmEntry('http', 'mine', {
      name: 'mine',
      configuration: { value: text, ...hostileObject(50) },
    });
    const cluster = { name: text, [text]: text };
    const addition = {
      intent: { ...plainIntent, id: 'mine' },
      entry,
      clusters: [{ name: 'second', cluster }],
    };
    const after = addToFile(before, addition, path);
    expect(rawInYaml.exec(after)?.index).toBeUndefined();
    const { static_resources: found } = parse(after) as typeof config;
    expect(found.listeners[0]?.filter_chains[0]?.filters[0]?.typed_config.http_filters).toContainEqual(
      asUtf8(plain(entry)),
    );
    expect(found.clusters).toContainEqual(expect.objectContaining(asUtf8(cluster) as object));
    expect(removeFromFile(after, 'mine', path).text).toBe(before);
  });
});
