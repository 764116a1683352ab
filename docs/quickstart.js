// `npm run quickstart`: from a fresh clone to a filter that changes live traffic, with nothing but Node and npm.
// Prints every command, so that each can be repeated by hand; leaves the project in quickstart/.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const project = 'quickstart';
const cli = relative(root, join(root, 'dist', 'commands', 'main.cjs'));

/** Prints and runs a command with our streams; stops the program when it fails. */
function step(program, ...args) {
  console.log(`\n$ ${program} ${args.join(' ')}`);
  const { status } = spawnSync(program === 'node' ? process.execPath : program, args, {
    cwd: root,
    stdio: 'inherit',
    shell: program === 'npm' && process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** Starts `wasme run` and gives its address once it listens. */
async function start(...args) {
  console.log(`\n$ node ${args.join(' ')} &`);
  const child = spawn(process.execPath, [...args, '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    try {
      return { child, url: JSON.parse(output).url };
    } catch {
      // Not whole yet.
    }
  }
  process.exit(1);
}

if (!existsSync(join(root, 'node_modules', 'typescript'))) step('npm', 'install', '--no-save');
step('npm', 'run', '--silent', 'build');
if (existsSync(join(root, project))) {
  console.log(`\n${project}/ is there already: building it as it is`);
} else {
  step('node', cli, 'init', project, '--language', 'assemblyscript', '--name', 'hello', '--install', '--yes');
}
step('node', cli, 'build', project);
const { child, url } = await start(cli, 'run', project, '--port', '0', '--upstream', 'echo');
try {
  console.log(`\n$ curl -i ${url}/hello`);
  const response = await fetch(`${url}/hello`);
  console.log(`HTTP/1.1 ${response.status} ${response.statusText}`);
  for (const [name, value] of response.headers) console.log(`${name}: ${value}`);
  console.log(`\n${await response.text()}`);
} finally {
  child.kill('SIGINT');
  await new Promise(resolve => child.once('exit', resolve));
}
console.log(`
The filter above is ${project}/assembly/. Change it, then:

  node ${cli} build ${project}
  node ${cli} run ${project}          # and curl it from a second terminal
`);
