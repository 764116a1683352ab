/** The recipe "A deploy target", followed for a control plane whose resource holds an image and a configuration. Prints only. */
import { type Recipe, all, behind, file, instead } from './step.ts';

const name = 'meshery';

const options = `/** The flags of \`deploy ${name}\`, as the library takes them. */

export interface MesheryOptions {
  readonly namespace?: string | undefined;
}
`;

const target = `/** ${name}: one Filter resource with the image and the configuration. Prints only. */
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';
import { type DeployIntent, configurationText } from '../intent.ts';
import type { DeployTarget, Plan } from '../target.ts';
import type { MesheryOptions } from './options.ts';

export const ${name}: DeployTarget<MesheryOptions> = {
  name: '${name}',
  accepts: ['image'],
  withProject: (options, { ${name}: project = {} }) => ({
    ...options,
    namespace: options.namespace ?? project.namespace,
  }),
  observe: () => Promise.resolve(undefined),
  plan: planFilter,
};

function planFilter({ id, code, configuration }: DeployIntent, { namespace = 'default' }: MesheryOptions): Plan {
  const image = code.from === 'image' ? code.reference : '';
  const content: AnnotatedDocument = {
    apiVersion: '${name}.example/v1',
    kind: 'Filter',
    metadata: { name: withReason(id, '--id'), namespace: withReason(namespace, '--namespace') },
    spec: {
      image: withReason(code.digest === undefined ? image : \`\${image}@\${code.digest}\`, 'the source'),
      configuration: configuration && withReason(configurationText(configuration) ?? '', '--config'),
    },
  };
  return { documents: [{ name: \`Filter/\${id}\`, content }], files: [], warnings: [] };
}
`;

const command = `/** The target \`${name}\`. */
import type { Command } from 'commander';
import type { Context } from '../ui/context.ts';
import { systemContextOf } from '../ui/context.ts';
import { globalOptions } from '../ui/options.ts';
import { reporterFor } from '../ui/progress-line.ts';
import { type ConnectionFlags, addConnectionFlags, connectionOptions } from '../ui/registry.ts';
import { type CommonFlags, addCommonFlags, commonOptions, writeDeployment } from './deploy-flags.ts';
import type { TargetCommand } from './target-command.ts';

interface MesheryFlags extends CommonFlags, ConnectionFlags {
  readonly namespace?: string;
}

export const ${name}: TargetCommand<'${name}'> = {
  deploy: { summary: 'Filter of ${name}', declare },
};

function declare(command: Command, context: Context): void {
  command
    .argument('[source]', "project folder or image (default: the project's image)")
    .option('-n, --namespace <name>', 'namespace of the resource (default: default)');
  addCommonFlags(command);
  addConnectionFlags(command);
  command.action(async (source: string | undefined, flags: MesheryFlags) => {
    const { deploy } = await import('../../src/deploy.ts');
    const result = await deploy(
      {
        ...commonOptions(flags),
        target: '${name}',
        source,
        registry: connectionOptions(flags),
        targetOptions: { namespace: flags.namespace },
      },
      systemContextOf(context, reporterFor(context, globalOptions(command))),
    );
    writeDeployment(context, command, result);
  });
}
`;

export const deployTarget: Recipe = {
  title: 'A deploy target',
  name,
  tests: [
    'contract/targets',
    'unit/targets/kubernetes-documents',
    'unit/targets/explain',
    'commands/deploy.test.ts',
    'commands/deploy-network',
    'test/docs.test.ts',
  ],
  steps: [
    {
      path: `src/targets/${name}/options.ts`,
      edit: file(options),
      reportedBy: 'more types',
      says: /src\/targets\/meshery\/target\.ts.*Cannot find module '\.\/options\.ts'/,
    },
    {
      path: `src/targets/${name}/target.ts`,
      edit: file(target),
      reportedBy: 'types',
      says: /src\/targets\/index\.ts.*Cannot find module '\.\/meshery\/target\.ts'/,
    },
    {
      path: 'src/targets/index.ts',
      edit: all(
        behind('import type { IstioOptions }', `import type { MesheryOptions } from './${name}/options.ts';`),
        behind('  readonly gcp: GcpOptions;', `  readonly ${name}: MesheryOptions;`),
        behind('  gcp: async () =>', `  ${name}: async () => (await import('./${name}/target.ts')).${name},`),
        behind("  gcp: 'gcp',", `  ${name}: '${name}',`),
      ),
      reportedBy: 'more types',
      says: /commands\/targets\/meshery\.ts.*'"meshery"'/,
    },
    {
      path: 'src/project/schema.ts',
      edit: behind(
        '  gcp: z.strictObject(',
        `  ${name}: z.strictObject({ ...commonDeploy, namespace: text.optional() }).optional(),`,
      ),
      reportedBy: 'even more types',
      says: /src\/targets\/meshery\/target\.ts.*'meshery' does not exist/,
    },
    {
      path: `commands/targets/${name}.ts`,
      edit: file(command),
      reportedBy: 'even more types',
      says: /commands\/targets\/index\.ts.*Cannot find module '\.\/meshery\.ts'/,
    },
    {
      path: 'commands/targets/index.ts',
      edit: all(
        behind("import { istio } from './istio.ts';", `import { ${name} } from './${name}.ts';`),
        instead('  gcp,\n};', `  gcp,\n  ${name},\n};`),
      ),
      reportedBy: 'types',
      says: /commands\/targets\/index\.ts.*'meshery' is missing/,
    },
    {
      path: 'test/helpers/deploy/deploy-cases.ts',
      edit: all(
        behind(
          'import type { GlooOptions }',
          `import { ${name} } from '../../../src/targets/${name}/target.ts';\nimport type { MesheryOptions } from '../../../src/targets/${name}/options.ts';`,
        ),
        text => `${text}
export const mesheryRows: readonly Row<MesheryOptions>[] = [
  { name: 'meshery-plain' },
  { name: 'meshery-full', intent: object, options: { namespace: 'shop' } },
];

export function mesheryPlan({ intent, options = {} }: Omit<Row<MesheryOptions>, 'name'>): Plan {
  return ${name}.plan({ ...plainIntent, ...intent }, options, undefined);
}
`,
      ),
      reportedBy: 'even more types',
      says: /test\/helpers\/deploy\/golden-plans\.ts.*'mesheryRows'/,
    },
    {
      path: 'test/helpers/deploy/golden-plans.ts',
      edit: all(
        behind('  istioRows,', '  mesheryPlan,\n  mesheryRows,'),
        behind(
          '  gcp: gcpRows.map(',
          `  ${name}: mesheryRows.map(row => ({ name: row.name, plan: () => mesheryPlan(row) })),`,
        ),
      ),
      reportedBy: 'types',
      says: /test\/helpers\/deploy\/golden-plans\.ts.*'meshery' is missing/,
    },
    {
      path: 'test/commands/deploy.test.ts',
      edit: behind("    gcp: ['--project', 'my-project'],", `    ${name}: [],`),
      reportedBy: 'types',
      says: /test\/commands\/deploy\.test\.ts.*'meshery' is missing/,
    },
    {
      path: 'test/commands/deploy-network.test.ts',
      edit: behind("  gcp: ['--project'", `  ${name}: [],`),
      reportedBy: 'types',
      says: /test\/commands\/deploy-network\.test\.ts.*'meshery' is missing/,
    },
    {
      path: `docs/deploy/${name}.md`,
      edit: file(`# Deploy to ${name}\n\nA filter becomes one Filter resource.\n`),
      reportedBy: 'tests',
      says: /docs\/deploy\/meshery\.md/,
    },
    {
      path: 'docs/deploy.md',
      edit: behind(
        '| `gcp` |',
        `| \`${name}\` | one resource, printed only | [${name}](deploy/${name}.md) |`,
      ),
      reportedBy: 'tests',
      says: /AssertionError: docs\/deploy\.md/,
    },
  ],
};
