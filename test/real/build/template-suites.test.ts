/** The suite that each HTTP template brings passes with its own build, and is the same in every language. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { initTemplates } from '../../../src/init.ts';
import { test } from '../../../src/test.ts';
import { sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { builtTemplate, compilerContext, compilers } from '../../helpers/projects/compilers.ts';
import { describeWith } from '../../helpers/tools.ts';

const folder = sharedFolder();
const templates = (await initTemplates()).filter(template => template.kind === 'http');

/** From the layer that wins, as `init` takes it. */
async function suiteOf({ layers }: (typeof templates)[number]): Promise<string | undefined> {
  for (const layer of layers.toReversed()) {
    const text = await readFile(join(layer.folder, 'test', 'filter.test.yaml'), 'utf8').catch(
      () => undefined,
    );
    if (text !== undefined) return text;
  }
  return undefined;
}

describe.each(templates)('$name', template => {
  it('has the suite of its use case', async () => {
    const sameInRust = templates.find(
      other => other.language === 'rust' && other.useCase === template.useCase,
    );
    const suite = await suiteOf(template);
    expect(suite).toBeDefined();
    expect(suite).toBe(sameInRust === undefined ? undefined : await suiteOf(sameInRust));
  });

  describeWith(compilers[template.language], 'wasme test', () => {
    it('passes, however the bodies are cut', async () => {
      const { dir } = await builtTemplate(folder, template.language, { template: template.name });
      const { suites, passed, failed } = await test({ matrix: true }, { ...compilerContext, cwd: dir });
      const problems = suites.flatMap(suite => suite.cases).filter(one => one.problems.length > 0);
      expect({ problems, failed }).toEqual({ problems: [], failed: 0 });
      expect(passed).toBeGreaterThan(0);
    }, 300_000);
  });
});
