/** Every deploy target has what a target needs. A step that was forgotten is named with its file. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { verbs } from '../../commands/verbs.ts';
import { status } from '../../src/status.ts';
import { targetCommands } from '../../commands/targets/index.ts';
import { loadTarget, projectSections, targetNames } from '../../src/targets/index.ts';
import type { DeployTarget } from '../../src/targets/target.ts';
import { projectJsonSchema } from '../../src/project/schema.ts';
import { parseHost } from '../../src/wasm/hosts.ts';
import { undeploy } from '../../src/undeploy.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { goldenPlans } from '../helpers/deploy/golden-plans.ts';
import { root } from '../helpers/tree.ts';

/** The sub-command of a verb for a target, as the command line has it. */
async function subCommand(verb: string, target: string): Promise<Command | undefined> {
  const command = new Command(verb);
  const { load } = verbs.find(({ name }) => name === verb)!;
  (await load()).declare(command, { env: {}, stdout: {}, stderr: {} } as never, verbs);
  return command.commands.find(child => child.name() === target);
}

/** The verbs that the library has for the target. */
function verbsOf(target: Pick<DeployTarget<unknown>, 'inquire' | 'undeploy'>): string[] {
  return [
    'deploy',
    ...(target.inquire === undefined ? [] : ['status']),
    ...(target.undeploy === undefined ? [] : ['undeploy']),
  ];
}

describe.each(targetNames)('the deploy target %s', name => {
  it('is loaded under its own name', async () => {
    expect((await loadTarget(name)).name, `src/targets/${name}/target.ts`).toBe(name);
  });

  it('has a sub-command for exactly the verbs that it supports', async () => {
    const supported = verbsOf(await loadTarget(name));
    const declared = Object.entries(targetCommands[name]).flatMap(([verb, value]) =>
      value === undefined ? [] : [verb],
    );
    expect(declared.toSorted(), `commands/targets/${name}.ts`).toEqual(supported.toSorted());
    for (const verb of ['deploy', 'status', 'undeploy']) {
      const found = await subCommand(verb, name);
      expect(found !== undefined, `wasme ${verb} ${name}`).toBe(supported.includes(verb));
    }
  });

  it('calls its operand [source] and has the flags that all targets have', async () => {
    const command = await subCommand('deploy', name);
    expect(command?.registeredArguments.map(argument => argument.name())).toEqual(['source']);
    const flags = command?.options.map(({ long }) => long);
    expect(flags).toEqual(expect.arrayContaining(['--id', '--config', '--digest', '--dry-run', '--explain']));
  });

  it('is completed in a shell, with its flags and with images of the store', async () => {
    const { stdout } = await newMachine().wasme('completion', 'bash');
    for (const verb of verbsOf(await loadTarget(name))) {
      const line = stdout.split('\n').find(text => text.includes(`'${verb} ${name}') words=`));
      expect(line, `completion of ${verb} ${name}`).toContain('--id');
      if (verb === 'deploy') expect(line, 'commands/completion.ts').toContain('images=1');
    }
  });

  it('has a page', () => {
    const page = `docs/deploy/${name}.md`;
    expect(existsSync(join(root, page)), page).toBe(true);
  });

  it('has a row in the table of targets', () => {
    expect(readFileSync(join(root, 'docs/deploy.md'), 'utf8'), 'docs/deploy.md').toContain(
      `[${name}](deploy/${name}.md)`,
    );
  });

  it('has a golden', () => {
    expect(goldenPlans[name].length, 'test/helpers/deploy/deploy-cases.ts').toBeGreaterThan(0);
    for (const golden of goldenPlans[name]) {
      const path = `test/fixtures/goldens/deploy/${golden.name}.yaml`;
      expect(existsSync(join(root, path)), path).toBe(true);
    }
  });

  it('has a section in wasme.json', () => {
    const { properties } = projectJsonSchema() as {
      properties: { deploy: { properties: Record<string, unknown> } };
    };
    expect(Object.keys(properties.deploy.properties), 'src/project/schema.ts').toContain(
      projectSections[name],
    );
  });

  it('judges modules by a host that verify knows', async () => {
    const host = (await loadTarget(name)).host?.({}) ?? 'envoy';
    expect(() => parseHost(host), 'src/wasm/hosts.ts').not.toThrow();
  });
});

/** Never called: the compiler reads it. */
export function verbsThatGcpLacks(system: Parameters<typeof status>[1]): unknown {
  return [
    // @ts-expect-error gcp cannot be asked
    status({ target: 'gcp', targetOptions: {} }, system),
    // @ts-expect-error wasme changes nothing in Google Cloud
    undeploy({ target: 'gcp', targetOptions: {} }, system),
    status({ target: 'istio', targetOptions: {} }, system),
  ];
}
