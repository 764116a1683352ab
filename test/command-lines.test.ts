/** Every `wasme …` that somebody is told to type, in pages, help, templates and hints, is a line that wasme understands. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { addGlobalOptions } from '../commands/ui/options.ts';
import { verbs } from '../commands/verbs.ts';
import { wordsOf } from './helpers/docs/pages.ts';
import { root, sourceFiles } from './helpers/tree.ts';

/** The real flags and operands; what they would do is left out. */
async function understands(argv: readonly string[]): Promise<string | undefined> {
  const program = new Command('wasme').exitOverride().configureOutput({ writeOut() {}, writeErr() {} });
  program.version('0');
  for (const { name, load } of verbs) {
    const command = program.command(name).copyInheritedSettings(program);
    if (name !== argv.find(word => !word.startsWith('-'))) continue;
    (await load()).declare(command, { env: {}, stdout: {}, stderr: {} } as never, verbs);
    addGlobalOptions(command);
    // A bare `wasme deploy` is an error by itself; a missing target is not what is asked here.
    for (const each of [command, ...command.commands]) each.action(() => undefined);
  }
  addGlobalOptions(program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return undefined;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code === 'commander.helpDisplayed' || code === 'commander.version' ? undefined : message;
  }
}

/** Lines of code blocks and of `code` in the text. In examples of help, an explanation follows after spaces. */
function linesOf(text: string): string[] {
  const blocks = [...text.matchAll(/^ *```\w*\n([^]*?)^ *```/gm)].map(match => match[1] ?? '');
  const inline = [...text.replace(/^ *```\w*\n[^]*?^ *```/gm, '').matchAll(/`([^`]+)`/g)];
  return [
    ...blocks.flatMap(block => block.replace(/\\\n/g, ' ').split('\n')),
    ...inline.map(match => (match[1] ?? '').replaceAll('\n', ' ')),
  ]
    .map(line =>
      line
        .trim()
        .replace(/^[$#] /, '')
        .replace(/^eval "\$\((.*)\)"$/, '$1'),
    )
    .map(line => line.replace(/^printf .*\| wasme/, 'wasme'))
    .filter(line => /^wasme( [a-z-]|$)/.test(line) && !/[→<\[]/.test(line))
    .map(line => line.split(/ {2,}/)[0] ?? '');
}

function pages(dir: string): string[] {
  return readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md') && !/(^|\/)(node_modules|build|target)\//.test(name))
    .map(name => join(dir, name));
}

interface Step {
  readonly run?: string;
}

/** Returns the workflow files of the templates, whose commands run in CI. */
function workflows(): string[] {
  return readdirSync(join(root, 'templates'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('ci.yml'))
    .map(name => join('templates', name));
}

describe('a line to type is understood', () => {
  it('the words of a line', () => {
    expect(wordsOf(`wasme run --config '{"a": 1}' "x y" | jq .a`)).toEqual([
      ...['wasme', 'run', '--config', '{"a": 1}', 'x y'],
    ]);
    expect(wordsOf('wasme build; cd x')).toEqual(['wasme', 'build']);
    expect(linesOf('# A\n\n```sh\nwasme build   # here\n```\nand `wasme\nlist -w` too')).toEqual([
      'wasme build',
      'wasme list -w',
    ]);
  });

  it('what is wrong is noticed', async () => {
    expect(await understands(['push', 'a/b:v1', '--no-such-flag'])).toContain('--no-such-flag');
    expect(await understands(['psuh'])).toContain('psuh');
    expect(await understands(['tag', 'only-one'])).toContain('target');
    expect(await understands(['deploy', 'istio', '--phase', 'none'])).toContain('phase');
    expect(await understands(['deploy', 'envoy', '--upstream', 'http://127.0.0.1:1'])).toBeUndefined();
  });

  it.each(['README.md', ...pages('docs'), ...pages('templates')])('%s', async page => {
    const wrong: string[] = [];
    for (const line of linesOf(readFileSync(join(root, page), 'utf8'))) {
      const [, ...argv] = wordsOf(line);
      // "`wasme push --json` gives …" and "`wasme deploy istio` needs …" name a verb: operands are not the point.
      const problem = argv.length === 0 ? undefined : await understands(argv);
      if (
        problem !== undefined &&
        !/missing required argument|required option|argument missing/.test(problem)
      ) {
        wrong.push(`${line}: ${problem}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each(workflows())('%s', async file => {
    const { jobs } = parse(readFileSync(join(root, file), 'utf8')) as {
      jobs: Record<string, { steps: Step[] }>;
    };
    const lines = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    const ours = lines.filter(line => line.startsWith('npx --yes wasme '));
    expect(ours.length).toBeGreaterThan(1);
    for (const line of ours) expect(await understands(wordsOf(line).slice(3)), line).toBeUndefined();
  });

  it('hints and messages', async () => {
    const wrong: string[] = [];
    const names = verbs.map(verb => verb.name).join('|');
    for (const { path, text } of sourceFiles('src', 'commands')) {
      const code = text.replace(/\/\*\*[^]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
      for (const [line] of code.matchAll(new RegExp(`\\bwasme (?:${names})\\b[^"'\`;(,)\\n]*`, 'g'))) {
        const [, ...argv] = wordsOf(line.replace(/\$\{[^}]*\}?/g, 'x'));
        const at = argv.findIndex(word => word.startsWith('--'));
        // Behind the flags a sentence may go on: only the flags count there.
        const flags = at < 0 ? [] : argv.slice(at).filter(word => /^--[a-z]/.test(word));
        for (const flag of flags) {
          const target = /^[a-z-]+$/.test(argv[1] ?? '') ? [argv[1] ?? ''] : [];
          const problem = await understands([argv[0] ?? '', ...target, flag]);
          if (problem?.includes('unknown option')) wrong.push(`${path}: ${line}: ${problem}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});
