// Packages that are shipped inside of ours, with what they import, and their licences beside the program.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Loaded at the start of many verbs, or of so many files that to load them one by one is a good part of a verb. */
const names = new Set(['chalk', 'chokidar', 'commander', 'execa', 'semver', 'tinyglobby', 'yaml', 'zod']);

/** Whether an import is to be bundled: of such a package (`semver/functions/coerce.js`), or inside of one. */
export function bundledPackage(id, importer) {
  if (id.startsWith('node:')) return false;
  return names.has(id.split('/')[0]) || /[\\/]node_modules[\\/]/.test(importer ?? '');
}

/** Writes THIRD-PARTY-LICENSES.md: each package that is in the bundle, with its licence text. */
export const licenceTexts = {
  name: 'licence-texts',
  generateBundle(_options, bundle) {
    const files = Object.values(bundle).flatMap(chunk => (chunk.type === 'chunk' ? chunk.moduleIds : []));
    const folders = new Set(files.filter(file => file.includes('node_modules')).map(packageFolder));
    const texts = [...folders].sort().map(licenceOf);
    this.emitFile({
      type: 'asset',
      fileName: 'THIRD-PARTY-LICENSES.md',
      source: `# Packages in this program\n\n${texts.join('\n')}`,
    });
  },
};

function packageFolder(file) {
  let folder = dirname(file);
  while (!hasName(folder)) folder = dirname(folder);
  return folder;
}

/** Packages have more package.json inside, for the kind of their modules; those have no name. */
function hasName(folder) {
  const file = join(folder, 'package.json');
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name !== undefined;
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file to ship`);
  return `## ${name} ${version}, ${license}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
