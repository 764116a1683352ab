/** The shape of wasme.json: one source for checking, types and the JSON Schema. */
import { z } from 'zod';
import { failPolicies, kinds, languages, packagingNames, pluginPhases, profiles, variants } from './names.ts';

export { type Kind, type Language, kinds, languages } from './names.ts';

const text = z.string().min(1);
const textMap = z.record(z.string(), z.string());
const port = z.int().min(0).max(65535);
/** `envoy@1.36`, `istio@1.30`, `envoy-gateway`, `gloo@ee`: which host, and which version of it. */
const host = z.string().regex(/^[a-z][a-z0-9-]*(@[\w.*-]+)?$/, 'must look like envoy@1.40 or istio@1.30');

/** "@path" is the content of a file, any other string the text itself; anything else is sent as JSON text. */
const configuration = z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())]);

const build = z.strictObject({
  command: z
    .array(text)
    .min(1)
    .optional()
    .describe('Command to run instead of the toolchain of the language; it must write `output`.'),
  source: text.optional().describe('Folder or main file of the source, relative to this file.'),
  output: text.optional().describe('Where the module goes. Default: build/<name>.wasm.'),
  profile: z.enum(profiles).optional(),
  optimize: z.boolean().optional().describe('Run wasm-opt on the result.'),
  debugInfo: z
    .boolean()
    .optional()
    .describe('A release build writes debug information beside the module too, as a debug build does.'),
  sizeBudget: z
    .union([
      z.int().positive(),
      z
        .string()
        .regex(/^\d+(\.\d+)?\s*(B|kB|MB|KiB|MiB)?$/i, 'it is a size such as 200000, "200 kB" or "1.5 MiB"'),
    ])
    .optional()
    .describe('A release build fails when the module is larger: bytes, or a text such as "200 kB".'),
  toolchain: z.enum(['auto', ...variants]).optional(),
  cpp: z
    .strictObject({
      sdk: text.optional().describe('Folder of another C++ SDK than the one in the project.'),
      cmake: z
        .boolean()
        .optional()
        .describe('Whether CMakeLists.txt is used. Default: where the project was not made by `wasme init`.'),
    })
    .optional(),
});

const run = z.strictObject({
  port: port.optional(),
  admin: port.optional(),
  concurrency: z.int().min(1).max(128).optional().describe('Worker threads, each with VMs of its own.'),
  upstream: text.optional().describe('Where requests go: a URL, or "echo" for the built-in one.'),
  clusters: textMap.optional().describe('Cluster name → URL, for call-outs and routes.'),
  env: textMap.optional(),
  host: host.optional(),
});

const image = z.strictObject({
  reference: text.optional(),
  layout: z.enum(packagingNames).optional(),
  annotations: textMap.optional(),
});

const commonDeploy = {
  id: text.optional(),
  failPolicy: z.enum(failPolicies).optional(),
  env: textMap.optional(),
};

const deploy = z.strictObject({
  envoy: z.strictObject({ ...commonDeploy, version: text.optional(), listener: text.optional() }).optional(),
  istio: z
    .strictObject({
      ...commonDeploy,
      version: text.optional(),
      namespace: text.optional(),
      labels: textMap.optional(),
      gateway: text.optional(),
      phase: z.enum(pluginPhases).optional(),
      priority: z.int().optional(),
    })
    .optional(),
  gloo: z
    .strictObject({ ...commonDeploy, namespaces: z.array(text).optional(), labels: textMap.optional() })
    .optional(),
  envoyGateway: z
    .strictObject({
      ...commonDeploy,
      namespace: text.optional(),
      gateway: text.optional(),
      route: text.optional(),
    })
    .optional(),
  higress: z
    .strictObject({
      ...commonDeploy,
      namespace: text.optional(),
      phase: z.enum(pluginPhases).optional(),
      priority: z.int().optional(),
    })
    .optional(),
  gcp: z.strictObject({ ...commonDeploy, project: text.optional(), location: text.optional() }).optional(),
});

export const projectSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/, 'lower-case letters, digits, ".", "_" and "-" only')
    .max(63),
  version: text.optional(),
  description: z.string().optional(),
  license: text.optional(),
  language: z.enum(languages),
  kind: z.enum(kinds).optional(),
  rootId: z.string().optional(),
  vmId: z.string().optional(),
  build: build.optional(),
  configuration: configuration.optional().describe('Plugin configuration: JSON, a text, or "@file".'),
  configurationSchema: text.optional().describe('JSON Schema file that the configuration must satisfy.'),
  hosts: z
    .array(host)
    .optional()
    .describe('Hosts the filter is meant for; build, run and verify check against them.'),
  run: run.optional(),
  test: z.strictObject({ include: z.array(text).optional() }).optional(),
  image: image.optional(),
  deploy: deploy.optional(),
});

/** wasme.json as written. */
export type Project = z.infer<typeof projectSchema>;

/** The JSON Schema (2020-12) that editors use, made from the same source. */
export function projectJsonSchema(): Record<string, unknown> {
  return { title: 'wasme.json', ...z.toJSONSchema(projectSchema, { io: 'input' }) };
}
