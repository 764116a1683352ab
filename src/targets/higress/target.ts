/** Higress: its own WasmPlugin, of which it makes one of Istio for its gateway. */
import { WasmeError } from '../../errors.ts';
import type { DeployIntent } from '../intent.ts';
import { code, environment, phaseReasons, pluginObject, pullFields } from '../istio/plugin.ts';
import { inquireProxies } from '../istio/status.ts';
import { applyDocuments, type KubernetesDocument } from '../kubernetes/apply.ts';
import { diffPlan } from '../kubernetes/diff.ts';
import { ownMetadata } from '../kubernetes/objects.ts';
import type { Resource } from '../kubernetes/parse-answer.ts';
import { removeOwn } from '../kubernetes/undeploy.ts';
import type { Plan, LiveTarget } from '../target.ts';
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';
import { type HigressOptions, higressNamespace, ruleOf } from './options.ts';

export const higressPlugins: Resource = { kind: 'WasmPlugin', resource: 'wasmplugins.extensions.higress.io' };

/** The pods of the gateway: the label that Higress gives to the plugins it hands on to Istio's part of it. */
const gatewayPods = { container: 'higress-gateway', selectorsOf: () => ['higress'] } as const;

export const higress: LiveTarget<HigressOptions> = {
  name: 'higress',
  accepts: ['image', 'http', 'proxy-file'],
  host: () => 'higress',
  withProject: (options, { higress: project = {} }) => ({
    ...options,
    namespace: options.namespace ?? project.namespace,
    phase: options.phase ?? project.phase,
    priority: options.priority ?? project.priority,
  }),
  placement: ({ phase, priority, pullSecret, pullPolicy, ingresses, domains, services }) => ({
    phase,
    priority,
    pullSecret,
    pullPolicy,
    ingresses,
    domains,
    services,
  }),
  observe: () => Promise.resolve(undefined),
  plan: planHigress,
  apply: (plan, options, system) => applyDocuments(plan, [higressPlugins], options, system),
  diff: (plan, options, system) => diffPlan(plan, [higressPlugins], options, system),
  undeploy: (request, options, system) =>
    removeOwn([higressPlugins], request, options.namespace ?? higressNamespace, options, system),
  inquire: (options, system) =>
    inquireProxies(
      [higressPlugins],
      { ...options, namespace: options.namespace ?? higressNamespace },
      () => Promise.resolve(gatewayPods),
      system,
    ),
};

function planHigress(intent: DeployIntent, options: HigressOptions): Plan {
  refuse(intent, options);
  const { phase, priority } = options;
  const document: KubernetesDocument = {
    name: `WasmPlugin/${intent.id}`,
    resource: higressPlugins,
    content: {
      apiVersion: 'extensions.higress.io/v1alpha1',
      kind: withReason('WasmPlugin', "Higress' own kind of that name, not Istio's"),
      metadata: ownMetadata(intent, options.namespace ?? higressNamespace),
      spec: {
        ...code(intent),
        ...pullFields(options),
        pluginName:
          intent.rootId === ''
            ? undefined
            : withReason(intent.rootId, "becomes Envoy's root_id (--root-id, rootId)"),
        phase:
          phase === undefined
            ? undefined
            : withReason(
                phase === 'unspecified' ? 'UNSPECIFIED_PHASE' : phase.toUpperCase(),
                `--phase ${phase}: ${phaseReasons[phase]}`,
              ),
        priority:
          priority === undefined
            ? undefined
            : withReason(priority, 'higher runs earlier in its phase (--priority)'),
        failStrategy:
          intent.failPolicy === undefined
            ? undefined
            : withReason(
                intent.failPolicy === 'open' ? 'FAIL_OPEN' : 'FAIL_CLOSE',
                `--fail-policy ${intent.failPolicy}`,
              ),
        vmConfig: environment(intent),
        ...configuration(intent, options),
      },
    },
  };
  return { documents: [document], files: [], warnings: warnings(intent, options) };
}

/** `pluginConfig` reaches any module as it is; rules travel inside the configuration, so only some modules read them. */
function configuration(
  intent: DeployIntent,
  options: HigressOptions,
): { readonly [key: string]: AnnotatedDocument } {
  const config = pluginObject(intent);
  const value = config === undefined || config === 'raw' ? undefined : (config as AnnotatedDocument);
  const rule = ruleOf(options);
  if (rule === undefined) {
    return {
      pluginConfig:
        value === undefined
          ? undefined
          : withReason(value, 'the filter reads this object as JSON text, and nothing else'),
    };
  }
  return {
    defaultConfigDisable: withReason(true, 'only what the rule names gets the filter'),
    matchRules: withReason(
      [{ ...rule, config: withReason(value ?? {}, "read by Higress' SDK in the module, rule by rule") }],
      'what the filter is for (--ingress, --domain, --service)',
    ),
  };
}

function warnings(intent: DeployIntent, options: HigressOptions): string[] {
  const found: string[] = [];
  if (intent.vmId !== '')
    found.push(`Higress names virtual machines itself; vmId ${intent.vmId} is not used`);
  if ((options.namespace ?? higressNamespace) !== higressNamespace) {
    found.push(
      `Higress looks at filters in the namespace it was installed to, which is usually ${higressNamespace}`,
    );
  }
  return found;
}

/** Fails with DEPLOY_UNSUPPORTED for what Higress has no field for. */
function refuse(intent: DeployIntent, { pullSecret }: HigressOptions): void {
  const rows: readonly (readonly [boolean, string, string])[] = [
    [intent.kind !== 'http', `a ${intent.kind} filter`, 'it runs HTTP filters'],
    [intent.failPolicy === 'reload', '--fail-policy reload', 'open and closed are there'],
    [intent.vmConfiguration !== undefined, '--vm-config', 'use --config'],
    [
      pluginObject(intent) === 'raw',
      'a configuration that is not a JSON object',
      'write it as a JSON object, and integers beyond 2^53 as strings',
    ],
    [intent.allowedCapabilities !== undefined, '--allow-capabilities', 'leave it out'],
    [intent.allowOnHeadersStopIteration !== undefined, '--allow-on-headers-stop-iteration', 'leave it out'],
    [intent.runtime !== 'v8', `--runtime ${intent.runtime}`, 'it runs V8'],
    [
      pullSecret !== undefined && intent.code.from !== 'image',
      'a pull secret without an image',
      'leave --pull-secret out',
    ],
  ];
  const row = rows.find(([asked]) => asked);
  if (row === undefined) return;
  throw new WasmeError('DEPLOY_UNSUPPORTED', `Higress has no field for ${row[1]}`, { hint: row[2] });
}
