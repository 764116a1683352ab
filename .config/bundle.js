// The package as it is shipped: our own sources in few files, since each file costs the start of a verb half a millisecond.
// Declarations are tsc's.
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { bundledPackage, licenceTexts } from './bundled-packages.js';

const root = join(import.meta.dirname, '..');

/** The program, and what it starts by path: a thread, a child process. As CommonJS, which Node loads faster. */
const program = [
  'commands/main',
  'commands/ui/signals/signal-thread',
  'src/runner/workers/worker',
  'src/proxy/sockets/socket-copy-child',
  'src/toolchains/programs/asc-server',
  'src/toolchains/programs/npm-clang',
];

/** The two doors of the library. It loads packages from where npm put them, for one copy of each in who uses it. */
const library = ['src/index', 'src/host/index'];

await write(program, {
  external: (id, importer) => isPackage(id) && !bundledPackage(id, importer),
  // Its ES module asks for picomatch by createRequire, which a bundle cannot answer: it would be loaded twice.
  resolve: { alias: { tinyglobby: join(root, 'node_modules', 'tinyglobby', 'dist', 'index.cjs') } },
  plugins: [licenceTexts],
  output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'chunks/[name]-[hash].cjs' },
});
await write(library, {
  external: isPackage,
  output: { format: 'es', chunkFileNames: 'chunks/[name]-[hash].js' },
});

async function write(entries, { output, ...options }) {
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map(entry => [entry, `${entry}.ts`])),
    platform: 'node',
    // Said of sources that one verb loads late and another one at once; they do come in chunks of their own.
    checks: { ineffectiveDynamicImport: false },
    ...options,
  });
  await bundle.write({ dir: join(root, 'dist'), ...output });
}

function isPackage(id) {
  return /^[^./]/.test(id);
}
