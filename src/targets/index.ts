/** Names of the deploy targets and how to load each; a line here is all that is loaded until one is used. */

export const targetNames = ['envoy', 'istio', 'gloo', 'envoy-gateway'] as const;
export type TargetName = (typeof targetNames)[number];
