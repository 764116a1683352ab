/** The recipe "A packaging", followed for a layout that has a config type of its own and the bare module as its layer. */
import { type Recipe, all, behind, file, instead } from './step.ts';

const name = 'sidecar';

export const packaging: Recipe = {
  title: 'A packaging',
  name,
  tests: [
    'unit/oci/packaging',
    'unit/oci/read',
    'contract/packaging',
    'commands/convert',
    'commands/pull',
    'test/docs.test.ts',
  ],
  steps: [
    {
      path: 'src/project/names.ts',
      edit: behind("  'kubewarden',", `  '${name}',`),
      reportedBy: 'more types',
      says: /src\/oci\/packaging\/formats\/index\.ts.*'sidecar' does not exist/,
    },
    {
      path: 'src/oci/media-types.ts',
      edit: behind(
        'export const cncfConfig',
        "export const sidecarConfig = 'application/vnd.sidecar.config.v1+json';",
      ),
      reportedBy: 'more types',
      says: /src\/oci\/read\/detect-packaging\.ts.*'sidecarConfig'/,
    },
    {
      path: `src/oci/packaging/formats/${name}.ts`,
      edit: file(`/** \`${name}\`: the bare module with a config type of its own. */
import { annotationsFor, titleKey } from '../../annotations.ts';
import { pluginFile } from '../../image-documents.ts';
import { sidecarConfig, wasmLayer } from '../../media-types.ts';
import { blobOf } from '../../target.ts';
import { type Packaging, imageOf } from './packaging.ts';

export const ${name}: Packaging = {
  name: '${name}',
  summary: 'the bare module with a config type of its own',
  pack(module, metadata) {
    return imageOf({
      config: blobOf(sidecarConfig, Buffer.from('{}')),
      layers: [blobOf(wasmLayer, module, { [titleKey]: pluginFile })],
      annotations: annotationsFor(module, metadata),
    });
  },
};
`),
      reportedBy: 'more types',
      says: /src\/oci\/packaging\/formats\/index\.ts.*Cannot find module '\.\/sidecar\.ts'/,
    },
    {
      path: 'src/oci/packaging/formats/index.ts',
      edit: all(
        behind("import { raw } from './raw.ts';", `import { ${name} } from './${name}.ts';`),
        behind('  kubewarden,', `  ${name},`),
      ),
      reportedBy: 'types',
      says: /src\/oci\/packaging\/formats\/index\.ts.*sidecar/,
    },
    {
      path: 'src/oci/read/detect-packaging.ts',
      edit: all(
        behind('  cncfConfig,', '  sidecarConfig,'),
        instead(
          '  if (types.includes(wasmLayer))',
          `  if (config.mediaType === sidecarConfig) return known('${name}');\n  if (types.includes(wasmLayer))`,
        ),
        behind('  kubewarden: ', `  ${name}: 'bare module with a config of its own',`),
      ),
      reportedBy: 'types',
      says: /src\/oci\/read\/detect-packaging\.ts.*sidecar/,
    },
    {
      path: 'src/oci/compatibility/loaders.ts',
      edit: instead("takes: ['cncf', 'raw'],", `takes: ['cncf', 'raw', '${name}'],`),
      reportedBy: 'tests',
      says: /src\/oci\/compatibility\/loaders\.ts: takes of wasmcloud/,
    },
    {
      path: 'test/contract/packaging/consumers.test.ts',
      edit: behind(
        '    kubewarden: ',
        `    ${name}: '      no     no     no     no      no    no     no     no     yes    no',`,
      ),
      reportedBy: 'types',
      says: /test\/contract\/packaging\/consumers\.test\.ts.*sidecar/,
    },
    {
      path: 'commands/convert.ts',
      edit: instead('  cncf, raw, kubewarden   for', `  cncf, raw, kubewarden, ${name}   for`),
      reportedBy: 'tests',
      says: /commands\/convert\.ts: .*sidecar/,
    },
    {
      path: 'docs/images.md',
      edit: all(
        behind('| `kubewarden` |', `| \`${name}\` | no | no | no | no | no | no | a config of its own |`),
        text => text.replace(/^\| (\| compat \|.*)$/m, `| $1 ${name} |`),
      ),
      reportedBy: 'tests',
      says: /docs\/images\.md: the row of sidecar/,
    },
  ],
};
