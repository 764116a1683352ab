/** The house rules that a program can check: who may import whom, one importer per library, one name in every ring. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verbs } from '../commands/verbs.ts';
import { envFunctions, hostFunctions, wasiFunctions } from '../src/wasm/functions.ts';
import { readFunctionComments } from './helpers/docs/host-function-comments.ts';
import { root, sourceFiles } from './helpers/tree.ts';

const files = sourceFiles('src', 'commands');

/** From the top to the ground. A file imports its own folder or a lower rung. */
const ladder: readonly (readonly string[])[] = [
  ['commands'],
  ['src/index.ts'],
  ['src verbs'],
  ['src/runner', 'src/suite'],
  ['src/proxy'],
  ['src/scaffold', 'src/toolchains', 'src/oci', 'src/targets', 'src/host'],
  ['src/project'],
  ['src/io', 'src/wasm'],
  ['src/errors.ts', 'src/reporter.ts'],
];

function rungOf(path: string): { rung: number; place: string } {
  const place = path.startsWith('commands/')
    ? 'commands'
    : /^src\/(errors|reporter|index)\.ts$/.test(path)
      ? path
      : /^src\/[^/]+\.ts$/.test(path)
        ? 'src verbs'
        : path.split('/').slice(0, 2).join('/');
  const rung = ladder.findIndex(places => places.includes(place));
  return { rung, place };
}

/** Files that name each other's types: apart, each would need a copy of the other's surface. */
const allowedTypeCycles: readonly (readonly string[])[] = [
  // A virtual machine has contexts, pending calls and a tracer; each of them belongs to one machine.
  [
    'vm/vm',
    'vm/context',
    'vm/root-context',
    'vm/pending-calls',
    'trace/trace',
    'trace/describe-call',
    'plugin-settings',
  ].map(inHost),
  // A stream has one context for each filter; the context resumes its stream.
  ['http/http-stream', 'http/filter-iteration', 'http/iteration-directions', 'http/http-context'].map(inHost),
  ['tcp/tcp-stream', 'tcp/tcp-context'].map(inHost),
];

function inHost(name: string): string {
  return `src/host/${name}.ts`;
}

/** Each cycle as a line, from the first file to itself. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (trail.includes(path) || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

describe('imports', () => {
  it('run down the ladder: never up, never sideways, verbs do not import verbs', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const from = rungOf(file.path);
      expect(from.rung, `${file.path} stands on no rung`).toBeGreaterThanOrEqual(0);
      for (const imported of file.files) {
        const to = rungOf(imported);
        if (imported.endsWith('.json')) continue;
        const sameFolder = from.place === to.place && from.place !== 'src verbs';
        if (!sameFolder && to.rung <= from.rung) wrong.push(`${file.path} → ${imported}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('have no cycles when they are loaded', () => {
    expect(cycles(new Map(files.map(file => [file.path, file.eager])))).toEqual([]);
  });

  it('have no cycles of types or of import(), but where a whole and its parts know each other', () => {
    const roomOf = (path: string): string =>
      allowedTypeCycles.find(cycle => cycle.includes(path))?.[0] ?? path;
    const graph = new Map<string, string[]>();
    for (const { path, files: imported } of files) {
      const others = imported.map(roomOf).filter(other => other !== roomOf(path));
      graph.set(roomOf(path), [...(graph.get(roomOf(path)) ?? []), ...others]);
    }
    expect(cycles(graph)).toEqual([]);
  });

  it.each([
    ['execa', /^src\/io\/process\/exec\.ts$/],
    ['inquirer', /^commands\/ui\/prompts\.ts$/],
    ['chalk', /^commands\/ui\//],
    ['commander', /^commands\//],
    ['tar', /^src\/oci\//],
    ['zod', /(^|\/)schema\.ts$/],
    ['re2js', /^src\/host\/regular-expression\.ts$/],
  ])('%s is imported in one place only', (name, place) => {
    const importers = files.filter(file => file.packages.includes(name)).map(file => file.path);
    expect(importers.filter(path => !place.test(path))).toEqual([]);
  });

  it('leave the host without Node and without a page', () => {
    const inside = files.filter(file => /^src\/(host|wasm)\//.test(file.path));
    const node = inside.filter(file => file.packages.some(name => name.startsWith('node:')));
    expect(node.map(file => file.path)).toEqual([]);
    const words = /\b(Buffer|process|document|window|globalThis\.process)\s*[.(]/;
    expect(inside.filter(file => words.test(withoutComments(file.text))).map(file => file.path)).toEqual([]);
  });

  it('load expressions and patterns only when a module, a suite or a request asks for them', () => {
    const byPath = new Map(files.map(file => [file.path, file]));
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      byPath.get(path)?.eager.forEach(visit);
    };
    ['src/host/index.ts', 'src/runner/workers/worker.ts', 'src/run.ts', 'src/test.ts'].forEach(visit);
    const late = (path: string): boolean =>
      path.startsWith('src/host/cel/') || path === 'src/host/regular-expression.ts';
    expect([...reached].filter(late)).toEqual([]);
    const importers = files.filter(
      ({ path, files: imported }) =>
        !path.startsWith('src/host/cel/') && imported.some(other => other.startsWith('src/host/cel/')),
    );
    expect(importers.map(({ path }) => path)).toEqual(['src/host/foreign/foreign-functions.ts']);
  });

  it('load commander and nothing heavy at the start', () => {
    const eager = new Map(files.map(file => [file.path, file]));
    const packages = new Set<string>();
    const reached = new Set<string>();
    // main.ts awaits these two, so they count as its own.
    const visit = (path: string): void => {
      const file = eager.get(path);
      if (!file || reached.has(path)) return;
      reached.add(path);
      for (const name of file.eagerPackages) packages.add(name);
      file.eager.forEach(visit);
    };
    ['commands/main.ts', 'commands/cli.ts', 'commands/ui/context.ts'].forEach(visit);
    expect([...packages].filter(name => !name.startsWith('node:'))).toEqual(['commander']);
  });
});

describe('host functions', () => {
  it('have a comment that names every parameter, every status and the section of the specification', () => {
    const inFolder = files.filter(file => file.path.startsWith('src/host/imports/'));
    const comments = inFolder.flatMap(readFunctionComments);
    const linked = [...hostFunctions.keys(), ...envFunctions.keys(), ...wasiFunctions.keys()];
    expect(comments.map(({ name }) => name).toSorted()).toEqual(linked.toSorted());
    expect(comments.filter(({ missing }) => missing.length > 0)).toEqual([]);
  });
});

describe('the bundle', () => {
  it('has an entry for each door of the package and for each file that is started by its path', () => {
    const script = readFileSync(join(root, '.config', 'bundle.js'), 'utf8');
    const lists = [...script.matchAll(/const (?:program|library) = \[([^\]]*)\]/g)].map(([, list]) => list);
    const entries = [...lists.join().matchAll(/'([^']+)'/g)].map(([, entry]) => entry);
    const text = readFileSync(join(root, 'package.json'), 'utf8');
    const doors = [...text.matchAll(/"(?:\.\/)?dist\/([^"]+)\.c?js"/g)].map(([, door]) => door);
    const started = files.flatMap(file =>
      [...file.text.matchAll(/builtFile\('([^']+)'\)/g)].map(([, source]) => source),
    );
    expect(started.length).toBeGreaterThan(0);
    expect(entries.toSorted()).toEqual([...new Set([...doors, ...started])].toSorted());
  });
});

describe('words', () => {
  it('src never prints, prompts, exits or reads the process', () => {
    const words = /\bprocess\.(?!memoryUsage\b|hrtime\b|versions\b)|\bconsole\./;
    const allowed = /^src\/(runner\/workers\/worker|proxy\/sockets\/socket-copy-child)\.ts$/;
    const found = files.filter(
      file => file.path.startsWith('src/') && words.test(withoutComments(file.text)),
    );
    expect(found.map(file => file.path).filter(path => !allowed.test(path))).toEqual([]);
  });

  it.each([
    ['WebAssembly', /^src\/(host|wasm)\//],
    ['DataView', /^src\/(host|wasm)\//],
  ])('%s is used in one place only', (word, place) => {
    const users = files.filter(file =>
      new RegExp(`\\b(new )?${word}\\b[.(]`).test(withoutComments(file.text)),
    );
    expect(users.map(file => file.path).filter(path => !place.test(path))).toEqual([]);
  });

  it('folders are made in one place: Node’s recursive mkdir never ends below /proc', () => {
    const users = files.filter(file => /\bmkdir(Sync)?\(.*recursive/.test(file.text)).map(file => file.path);
    expect(users).toEqual([]);
  });

  it('every file says what it owns, in its first line', () => {
    const silent = files.filter(file => !/^(#!.*\n)?\/\*\*/.test(file.text));
    expect(silent.map(file => file.path)).toEqual([]);
  });

  it('a doc comment is a sentence that names an actor: no noun clause, no word without one', () => {
    const clause = /^\s*\/?\*\*? ?(What|How|Where|Whether|Whose|When|Who|Which)\b/;
    const vague = /^\s*(\/\/|\/?\*).*\b(nobody|somebody|(is|are|was|were|be) told|goes on|anew)\b/;
    const found = files.flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, index) =>
          clause.test(line) || vague.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
        ),
    );
    expect(found).toEqual([]);
  });

  it('a file over 300 lines gives its reason in the head comment', () => {
    const long = files.filter(file => file.text.split('\n').length > 301);
    const unexplained = long.filter(
      file => !/^(#!.*\n)?\/\*\*[^]*?(long|lines|one file|one table)[^]*?\*\//.test(file.text),
    );
    expect(unexplained.map(file => file.path)).toEqual([]);
  });

  it('a class has one style of privacy: #private', () => {
    const typed = /^\s*private\s+(?!constructor)/m;
    expect(files.filter(file => typed.test(withoutComments(file.text))).map(file => file.path)).toEqual([]);
  });

  it('no enum, no default export, no name that means nothing', () => {
    expect(
      files.filter(file => /^export default|^(export )?(const )?enum /m.test(file.text)).map(f => f.path),
    ).toEqual([]);
    expect(
      files.filter(file => /\b(utils?|helpers?|manager|misc|common)\.ts$/.test(file.path)).map(f => f.path),
    ).toEqual([]);
  });
});

describe('folders', () => {
  /** One file a verb lies here, however many verbs there are. */
  const byVerb = ['src', 'commands', 'test/commands'];
  /** About fifteen: a reader takes in the names at one glance. */
  const maxFlatFiles = 16;

  it('hold at most sixteen files lying flat, apart from those with one file a verb', () => {
    const counts = new Map<string, number>();
    for (const { path } of sourceFiles('src', 'commands', 'test')) {
      const folder = path.slice(0, path.lastIndexOf('/'));
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    const crowded = [...counts].filter(
      ([folder, count]) => count > maxFlatFiles && !byVerb.includes(folder) && !folder.includes('fixtures'),
    );
    expect(crowded).toEqual([]);
  });
});

describe('a verb has one name in every ring', () => {
  it.each(verbs.map(verb => verb.name))('%s', name => {
    expect(existsSync(join(root, 'commands', `${name}.ts`)), `commands/${name}.ts`).toBe(true);
    expect(
      existsSync(join(root, 'docs', 'commands', `${name}.md`)),
      `docs/commands/${name}.md: npm run docs`,
    ).toBe(true);
    expect(
      existsSync(join(root, 'test', 'commands', `${name}.test.ts`)),
      `test/commands/${name}.test.ts`,
    ).toBe(true);
  });

  it('and every command file is a verb', () => {
    const commands = readdirSync(join(root, 'commands')).filter(name => name.endsWith('.ts'));
    const known = ['main.ts', 'cli.ts', 'verbs.ts', ...verbs.map(verb => `${verb.name}.ts`)];
    expect(commands.filter(name => !known.includes(name))).toEqual([]);
  });
});

describe('the package', () => {
  it('keeps the agreed top level', () => {
    const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
    const top = new Set(
      tracked.map(path => path.split('/')[0] ?? '').filter(name => name !== '' && !name.startsWith('.')),
    );
    const agreed = ['src', 'templates', 'commands', 'test', 'docs', 'package.json', 'tsconfig.json'];
    expect(
      [...top].filter(
        name => ![...agreed, 'README.md', 'LICENSE', 'CHANGELOG.md', 'package-lock.json'].includes(name),
      ),
    ).toEqual([]);
  });

  it('names every dependency and its reason in docs/rationale.md', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const rationale = readFileSync(join(root, 'docs', 'rationale.md'), 'utf8');
    expect(Object.keys(dependencies).filter(name => !rationale.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('the pages for maintainers', () => {
  /** Paths in `code` that begin with a folder of the tree; `<name>` stands for any file or folder. */
  const paths = (page: string): string[] => {
    const text = readFileSync(join(root, 'docs', page), 'utf8');
    const code = [...text.matchAll(/`([^`\n]+)`/g)].map(([, inner = '']) => inner);
    const found = code.filter(name =>
      /^(src|commands|test|templates|docs|\.ci|\.config)\/[^\s*]*$/.test(name),
    );
    return [...new Set(found)];
  };

  it.each(['architecture.md', 'contributing.md'])('docs/%s names only files and folders that exist', page => {
    const named = paths(page);
    expect(named.length).toBeGreaterThan(10);
    const solid = named.map(path => path.split(/[^/]*</)[0] ?? '');
    expect(named.filter((_, index) => !existsSync(join(root, solid[index] ?? '')))).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\//g, '').replace(/(^|[^:])\/\/.*$/gm, '$1');
}
