/** The AssemblyScript template with the real compiler and a real Envoy. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { build } from '../../../src/build.ts';
import { machineContext, realProject, sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { newMachine } from '../../helpers/cli/cli.ts';
import { realEnvoy } from '../../helpers/servers/envoy.ts';
import { describeWith } from '../../helpers/tools.ts';
import { until } from '../../helpers/until.ts';

describeWith(['npm'], 'AssemblyScript, the real compiler', () => {
  const dir = join(sharedFolder(), 'my filter "ü"');
  let module = '';
  beforeAll(async () => {
    module = await realProject(dir);
  });

  /** The project at another path, sharing the installed packages. */
  const copyTo = (folder: string): string => {
    const copy = join(folder, 'copy');
    cpSync(dir, copy, {
      recursive: true,
      filter: path => !path.includes('node_modules') && !path.endsWith('build'),
    });
    symlinkSync(join(dir, 'node_modules'), join(copy, 'node_modules'));
    return copy;
  };

  it('works with plain npm, and gives the same bytes', () => {
    const built = readFileSync(module);
    rmSync(module);
    const npm = (...args: string[]): string =>
      execFileSync('npm', args, { cwd: dir, encoding: 'utf8', stdio: 'pipe' });
    npm('run', 'build');
    expect(readFileSync(module).equals(built)).toBe(true);
    expect(npm('test')).toMatch(/^# fail 0$/m);
  });

  it('gives the same bytes twice and from another folder', async () => {
    const machine = newMachine();
    const copy = copyTo(machine.cwd);
    const first = await build({ dir: copy }, machineContext);
    const second = await build({ dir: copy, force: true }, machineContext);
    expect(second.sha256).toBe(first.sha256);
    expect(readFileSync(module).equals(readFileSync(first.module))).toBe(true);
    expect(await build({ dir: copy }, machineContext)).toMatchObject({ upToDate: true });
  });

  it('a debug build has names and a source map, which a release build takes away', async () => {
    const machine = newMachine();
    const dir = copyTo(machine.cwd);
    const debug = await build({ dir, profile: 'debug' }, machineContext);
    expect(debug.sections.map(({ name }) => name)).toContain('name');
    const map = debug.module.replace('.wasm', '.wasm.map');
    expect(debug.beside).toEqual([map]);
    expect(readFileSync(map, 'utf8')).toContain('assembly/filter.ts');
    const own = debug.module.replace('.wasm', '.txt');
    writeFileSync(own, '');
    const release = await build({ dir }, machineContext);
    expect([release.module, release.beside, existsSync(map), existsSync(own)]).toEqual([
      ...[debug.module, [], false, true],
    ]);
    expect(await build({ dir, profile: 'debug' }, machineContext)).toMatchObject({
      beside: [map],
      upToDate: false,
    });
    expect(existsSync(map)).toBe(true);
  });

  it('an error in the source is shown with file, line, column and caret', async () => {
    const machine = newMachine();
    const copy = copyTo(machine.cwd);
    const file = join(copy, 'assembly', 'filter.ts');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(
        'this.config = config;\n    return true',
        'this.config = confg;\n    return true',
      ),
    );
    const { exitCode, stderr } = await machine.wasme('build', copy);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /error\[BUILD_FAILED\]: AssemblyScript: 1 error\nassembly\/filter\.ts:(\d+):19: error: Cannot find name 'confg'\.\n {2}\1 \| {5}this\.config = confg;\n +\| {19}\^{5}\n/,
    );
    writeFileSync(file, 'let x = {;');
    expect((await machine.wasme('build', copy)).stderr).toContain('assembly/filter.ts:1:9: error: ');
  });

  it('a package that is missing is named as that', async () => {
    const machine = newMachine();
    const copy = copyTo(machine.cwd);
    rmSync(join(copy, 'node_modules'));
    cpSync(join(dir, 'node_modules'), join(copy, 'node_modules'), { recursive: true });
    rmSync(join(copy, 'node_modules', '@gcoredev'), { recursive: true });
    const { exitCode, stderr } = await machine.wasme('build', copy);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      'error[TOOL_MISSING]: packages of the project are not installed\nhelp: run "npm install --include=dev"\n',
    );
  });
});

describeWith(['npm', 'envoy-1.40'], 'AssemblyScript in a running Envoy', () => {
  const dir = join(sharedFolder(), 'swap');
  let module = '';
  beforeAll(async () => {
    module = await realProject(dir);
  });

  /** Starts Envoy with the filter from an ECDS file; `swap` renames a new configuration over it. */
  const running = async (file: string) => {
    const machine = newMachine();
    const ecds = join(machine.cwd, 'ecds.json');
    const swap = (greeting: string): void => {
      writeFileSync(`${ecds}.new`, discovery(file, { greeting }));
      renameSync(`${ecds}.new`, ecds);
    };
    swap('first');
    const envoy = await realEnvoy(bootstrap(ecds));
    const greeting = async (): Promise<string> => {
      const response = await fetch(envoy.url);
      await response.text();
      return `${response.status} ${response.headers.get('x-greeting') ?? 'none'}`;
    };
    return { envoy, swap, greeting };
  };

  it('survives changes of the configuration alone', async () => {
    const { envoy, swap, greeting } = await running(module);
    expect(await greeting()).toBe('200 first');
    const active = await envoy.stats('runtime.v8.active');
    const seen = new Set<string>();
    for (const wanted of ['second', 'third', 'fourth']) {
      swap(wanted);
      await until(
        async () => seen.add(await greeting()).has(`200 ${wanted}`),
        () => `${wanted}, but ${[...seen].join()}`,
      );
      for (let request = 0; request < 20; request++) expect(await greeting()).toBe(`200 ${wanted}`);
    }
    expect([...seen].filter(answer => !answer.startsWith('200 '))).toEqual([]);
    // No VM more than before: the configuration was swapped in the same one, not the code.
    expect(await envoy.stats('runtime.v8.active')).toEqual(active);
    await envoy.stop();
    expect(
      envoy.log.filter(line => /\] wasm log.*abort:|Key does not exist|Function: proxy_on/.test(line)),
    ).toEqual([]);
  });

  it('and would not without assembly/lifecycle.ts', async () => {
    const copy = `${dir} without`;
    cpSync(dir, copy, { recursive: true });
    const index = join(copy, 'assembly', 'index.ts');
    writeFileSync(index, readFileSync(index, 'utf8').replace(/export \{[^}]*\} from ".\/lifecycle";/, ''));
    const broken = await build({ dir: copy }, machineContext);
    expect(existsSync(broken.module)).toBe(true);
    const { envoy, swap, greeting } = await running(broken.module);
    expect(await greeting()).toBe('200 first');
    swap('second');
    await envoy.logged('Key does not exist');
    await expect.poll(greeting).toBe('503 none');
  });
});

function discovery(file: string, configuration: object): string {
  return JSON.stringify({
    resources: [
      {
        '@type': 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
        name: 'filter',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
          config: {
            name: 'filter',
            vm_config: { runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: file } } },
            configuration: {
              '@type': 'type.googleapis.com/google.protobuf.StringValue',
              value: JSON.stringify(configuration),
            },
          },
        },
      },
    ],
  });
}

/** A listener that answers 200 itself behind the filter that comes from the file. */
function bootstrap(ecds: string): string {
  const address = { socket_address: { address: '127.0.0.1', port_value: 0 } };
  const manager = {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'main',
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }],
        },
      ],
    },
    http_filters: [
      {
        name: 'filter',
        config_discovery: {
          config_source: { path_config_source: { path: ecds }, resource_api_version: 'V3' },
          type_urls: ['type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm'],
        },
      },
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  const filters = [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }];
  const listener = { name: 'main', address, filter_chains: [{ filters }] };
  // YAML is what the starter reads; its top level is written as such, the rest is JSON, which YAML contains.
  return `node: { id: test, cluster: test }\nadmin:\n  address: ${JSON.stringify(address)}\nstatic_resources:\n  listeners: ${JSON.stringify([listener])}\n`;
}
