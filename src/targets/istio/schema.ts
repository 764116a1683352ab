/** Pods and Istio's objects, as far as wasme reads them. */
import { z } from 'zod';
import { kubeObject, podSelector, targetReference } from '../kubernetes/schema.ts';

const containers = z.array(z.looseObject({ name: z.string() }));

export const pod = kubeObject.extend({
  spec: z
    .looseObject({ containers: containers.exactOptional(), initContainers: containers.exactOptional() })
    .exactOptional(),
  status: z.looseObject({ phase: z.string().exactOptional() }).exactOptional(),
});
export type Pod = z.infer<typeof pod>;

/** Fields that say which proxies get the filter, and which code it has. */
const choices = z.looseObject({
  selector: podSelector.exactOptional(),
  workloadSelector: z
    .looseObject({ labels: z.record(z.string(), z.string()).exactOptional() })
    .exactOptional(),
  targetRef: targetReference.exactOptional(),
  targetRefs: z.array(targetReference).exactOptional(),
  wasm: z.looseObject({ sha256: z.string().exactOptional() }).exactOptional(),
});
export type Choices = z.infer<typeof choices>;

/** TrafficExtension, WasmPlugin and EnvoyFilter. */
export const istioObject = kubeObject.extend({ spec: choices.exactOptional() });
