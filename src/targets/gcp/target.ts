/** Google Cloud Service Extensions: a WasmPlugin resource and the extension that attaches it to load balancers. Prints only. */
import { WasmeError } from '../../errors.ts';
import { type DeployIntent, type IntentConfiguration, configurationText, intentHash } from '../intent.ts';
import type { Plan, PlannedDocument, DeployTarget } from '../target.ts';
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';
import { gcloudLines } from './gcloud.ts';
import { type GcpOptions, checkId, forwardingRule, parentOf } from './options.ts';

/** Callback of the module → event that the load balancer has to call the plugin for. */
const events = {
  proxy_on_request_headers: 'REQUEST_HEADERS',
  proxy_on_request_body: 'REQUEST_BODY',
  proxy_on_request_trailers: 'REQUEST_TRAILERS',
  proxy_on_response_headers: 'RESPONSE_HEADERS',
  proxy_on_response_body: 'RESPONSE_BODY',
  proxy_on_response_trailers: 'RESPONSE_TRAILERS',
} as const;

export const gcp: DeployTarget<GcpOptions> = {
  name: 'gcp',
  accepts: ['image'],
  host: () => 'gcp',
  withProject: (options, { gcp: project = {} }) => ({
    ...options,
    project: options.project ?? project.project,
    location: options.location ?? project.location,
  }),
  observe: () => Promise.resolve(undefined),
  plan: planGcp,
};

function planGcp(intent: DeployIntent, options: GcpOptions): Plan {
  refuse(intent);
  const parent = parentOf(options);
  const id = checkId(intent.id);
  // A version never changes once it is made, so what is asked for names it.
  const version = `v-${intentHash(intent).slice(0, 12)}`;
  const plugin = pluginResource(intent, parent, version);
  const documents: PlannedDocument[] = [{ name: `WasmPlugin/${id}`, content: plugin }];
  const rules = (options.forwardingRules ?? []).map(forwardingRule);
  if (rules.length > 0) {
    documents.push({
      name: `LbTrafficExtension/${id}`,
      content: extensionResource(intent, parent, rules, options),
    });
  }
  return {
    documents,
    files: [],
    warnings: warnings(intent),
    notes: gcloudLines(intent, options, { image: imageOf(intent), version, attached: rules.length > 0 }),
  };
}

function imageOf({ code }: DeployIntent): string {
  if (code.from !== 'image') throw new TypeError('only images reach this target');
  // Without the tag: names that have both are not taken everywhere.
  return code.digest === undefined
    ? code.reference
    : `${code.reference.replace(/:[^:/]*$/, '')}@${code.digest}`;
}

const labels = (intent: DeployIntent): AnnotatedDocument =>
  withReason(
    { 'managed-by': 'wasme', 'wasme-intent': intentHash(intent) },
    'where it came from; the second changes with everything that was asked for',
  );

function pluginResource(intent: DeployIntent, parent: string, version: string): AnnotatedDocument {
  return {
    name: withReason(`${parent}/wasmPlugins/${intent.id}`, 'the resource (--project, --location, --id)'),
    labels: labels(intent),
    mainVersionId: withReason(
      version,
      'the version that serves; its name changes with everything that was asked for',
    ),
    versions: {
      [version]: {
        imageUri: withReason(
          imageOf(intent),
          intent.code.digest === undefined
            ? '--no-digest: what the tag names when the version is made'
            : 'the digest of what the tag names now',
        ),
        pluginConfigData: configuration(intent.configuration),
      },
    },
  };
}

/** Bytes in base64, as the API has them; the filter reads them decoded. */
function configuration(config: IntentConfiguration | undefined): AnnotatedDocument {
  if (config === undefined) return undefined;
  const bytes = config.form === 'bytes' ? config.bytes : Buffer.from(configurationText(config) ?? '', 'utf8');
  return withReason(Buffer.from(bytes).toString('base64'), 'base64; the filter reads exactly these bytes');
}

function extensionResource(
  intent: DeployIntent,
  parent: string,
  rules: readonly string[],
  { scheme = 'external', match }: GcpOptions,
): AnnotatedDocument {
  return {
    name: withReason(
      `${parent}/lbTrafficExtensions/${intent.id}`,
      'the resource (--project, --location, --id)',
    ),
    labels: labels(intent),
    forwardingRules: withReason([...rules], 'the load balancers that get the filter (--forwarding-rule)'),
    loadBalancingScheme: withReason(
      scheme === 'internal' ? 'INTERNAL_MANAGED' : 'EXTERNAL_MANAGED',
      'the kind of those load balancers (--scheme)',
    ),
    extensionChains: [
      {
        name: withReason(intent.id, 'shown in the logs of the load balancer'),
        matchCondition: {
          celExpression: withReason(
            match ?? "request.path.startsWith('/')",
            match === undefined ? 'every request' : 'only these requests (--match)',
          ),
        },
        extensions: [
          {
            name: withReason(intent.id, 'shown in the logs of the load balancer'),
            service: withReason(`${parent}/wasmPlugins/${intent.id}`, 'the plugin above'),
            supportedEvents: withReason(eventsOf(intent), 'what the module has callbacks for'),
            failOpen:
              intent.failPolicy === undefined
                ? undefined
                : withReason(intent.failPolicy === 'open', `--fail-policy ${intent.failPolicy}`),
          },
        ],
      },
    ],
  };
}

/** Fails with DEPLOY_UNSUPPORTED when the module was not read, or has none of the callbacks. */
function eventsOf({ module }: DeployIntent): string[] {
  const found = Object.entries(events)
    .filter(([callback]) => module?.callbacks.includes(callback))
    .map(([, event]) => event);
  if (found.length > 0) return found;
  throw new WasmeError(
    'DEPLOY_UNSUPPORTED',
    module === undefined
      ? 'which events the plugin wants is not known: its module was not read'
      : 'the module has no callback that a load balancer would call',
    { hint: 'leave --digest and --no-digest out, so that the image is opened' },
  );
}

function warnings({ rootId, vmId, code }: DeployIntent): string[] {
  const found: string[] = [];
  if (rootId !== '') found.push(`Google Cloud has no field for a root id; ${rootId} is not used`);
  if (vmId !== '') found.push(`Google Cloud names virtual machines itself; vmId ${vmId} is not used`);
  if (code.from === 'image' && !/^[a-z0-9-]+-docker\.pkg\.dev\//.test(code.reference)) {
    found.push(
      'Google Cloud takes images from its Artifact Registry only (…-docker.pkg.dev): wasme copy brings it there',
    );
  }
  return found;
}

/** Fails with DEPLOY_UNSUPPORTED for what the service has no field for. */
function refuse(intent: DeployIntent): void {
  const rows: readonly (readonly [boolean, string, string])[] = [
    [intent.kind !== 'http', `a ${intent.kind} filter`, 'it runs HTTP filters'],
    [intent.failPolicy === 'reload', '--fail-policy reload', 'open and closed are there'],
    [Object.keys(intent.env).length + intent.hostEnv.length > 0, 'environment variables', 'use --config'],
    [intent.vmConfiguration !== undefined, '--vm-config', 'use --config'],
    [intent.allowedCapabilities !== undefined, '--allow-capabilities', 'leave it out'],
    [intent.allowOnHeadersStopIteration !== undefined, '--allow-on-headers-stop-iteration', 'leave it out'],
    [intent.runtime !== 'v8', `--runtime ${intent.runtime}`, 'it runs V8'],
  ];
  const row = rows.find(([asked]) => asked);
  if (row === undefined) return;
  throw new WasmeError('DEPLOY_UNSUPPORTED', `Google Cloud Service Extensions have no field for ${row[1]}`, {
    hint: row[2],
  });
}
