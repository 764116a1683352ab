/** The words that wasme.json and the command line share; no schema library behind them, so that flags are quick to declare. */

export const languages = ['assemblyscript', 'rust', 'cpp', 'tinygo', 'go'] as const;
export const kinds = ['http', 'network', 'service'] as const;
/** Ways to pack a module as an image; src/oci/packaging/formats/ has one file for each. */
export const packagingNames = [
  'compat',
  'docker',
  'oci',
  'hybrid',
  'cncf',
  'raw',
  'kubewarden',
  'higress',
] as const;

export const profiles = ['release', 'debug'] as const;
/** Sources of a compiler: installed programs, npm packages, or a container that runs the native plan. */
export const variants = ['native', 'npm', 'container'] as const;
/** Ways to treat traffic when a filter cannot be loaded or has crashed. */
export const failPolicies = ['open', 'closed', 'reload'] as const;
/** Places of a filter that has streams. */
export const streamKinds = ['http', 'network'] as const;
/** Uses of a module in a proxy. A `service` runs in one VM outside of the traffic; an `access-log` is called when a stream has ended. */
export const filterKinds = [...kinds, 'access-log'] as const;
/** Phases of the filter chain into which Istio and Higress put a plugin. */
export const pluginPhases = ['authn', 'authz', 'stats', 'unspecified'] as const;
/** Policies by which a proxy decides whether to pull an image that it has already. */
export const pullPolicies = ['if-not-present', 'always'] as const;
export const istioKinds = ['auto', 'traffic-extension', 'wasm-plugin', 'envoy-filter'] as const;
/** Traffic of a proxy in an Istio mesh. */
export const patchContexts = ['any', 'inbound', 'outbound', 'gateway', 'waypoint'] as const;
/** Ways to merge a policy of Envoy Gateway into the policy of its Gateway. */
export const mergeTypes = ['strategic', 'json'] as const;
/** Kinds of Google Cloud's load balancers. */
export const loadBalancingSchemes = ['external', 'internal'] as const;

export type Language = (typeof languages)[number];
export type Kind = (typeof kinds)[number];
export type PackagingName = (typeof packagingNames)[number];
export type Profile = (typeof profiles)[number];
export type Variant = (typeof variants)[number];
export type FailPolicy = (typeof failPolicies)[number];
export type StreamKind = (typeof streamKinds)[number];
export type FilterKind = (typeof filterKinds)[number];
export type PullPolicy = (typeof pullPolicies)[number];
export type PluginPhase = (typeof pluginPhases)[number];
