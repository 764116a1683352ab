/** `--explain`: every field that could have another value says why it has this one, in every document of every target. */
import { describe, expect, it } from 'vitest';
import { explanations, plain } from '../../../src/targets/annotated-document.ts';
import type { Plan } from '../../../src/targets/target.ts';
import { renderYaml } from '../../../src/targets/yaml.ts';
import { goldenPlans } from '../../helpers/deploy/golden-plans.ts';

/** Keys that name a message or an API, for which there is nothing to choose and so nothing to explain. */
const fixed = /(^|\.)(apiVersion|kind|@type)$/;

/** Returns paths of leaves without a reason above them or above one of their parents. */
function unexplained({ documents }: Plan): string[] {
  return documents.flatMap(({ content }) => {
    const reasons = new Set(explanations(content).map(({ path }) => path.join('.')));
    const silent: string[] = [];
    const visit = (value: unknown, path: readonly string[], told: boolean): void => {
      const known = told || reasons.has(path.join('.'));
      if (typeof value === 'object' && value !== null) {
        for (const [key, item] of Object.entries(value)) visit(item, [...path, key], known);
      } else if (!known && !fixed.test(path.join('.'))) silent.push(path.join('.'));
    };
    visit(plain(content), [], false);
    return silent;
  });
}

describe('--explain', () => {
  it.each(Object.values(goldenPlans).flat())('$name', ({ plan }) => {
    const made = plan();
    expect(unexplained(made)).toEqual([]);
    // Each reason is on a line of its own over its field.
    const reasons = made.documents.flatMap(({ content }) => explanations(content));
    const text = renderYaml(
      made.documents.map(({ content }) => content),
      { explain: true },
    );
    for (const { reason } of reasons) expect(text).toContain(`# ${reason}\n`);
  });
});
