// The package as it is shipped: our own sources in few files, since each file costs the start of a verb half a millisecond.
// Packages stay outside, for npm to install and update, but those of a hundred files. Declarations are tsc's.
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { bundledPackage, licenceTexts } from './bundled-packages.js';

const root = join(import.meta.dirname, '..');

/** What is started or imported by its path: the program, the two doors of the library, a thread, a child process. */
const entries = [
  'commands/main',
  'src/index',
  'src/host/index',
  'src/proxy/worker',
  'src/proxy/socket-copy-child',
];

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(entries.map(entry => [entry, `${entry}.ts`])),
  platform: 'node',
  external: (id, importer) => /^[^./]/.test(id) && !bundledPackage(id, importer),
  plugins: [licenceTexts],
});
await bundle.write({ dir: join(root, 'dist'), chunkFileNames: 'chunks/[name]-[hash].js' });
