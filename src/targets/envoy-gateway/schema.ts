/** EnvoyExtensionPolicy, as far as wasme reads it. */
import { z } from 'zod';
import { kubeObject, targetReference } from '../kubernetes/schema.ts';

const code = z.looseObject({ sha256: z.string().exactOptional() });

const filter = z.looseObject({
  name: z.string().exactOptional(),
  code: z.looseObject({ image: code.exactOptional(), http: code.exactOptional() }).exactOptional(),
  failOpen: z.boolean().exactOptional(),
});
export type PolicyFilter = z.infer<typeof filter>;

const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().exactOptional(),
  message: z.string().exactOptional(),
  observedGeneration: z.number().exactOptional(),
});
export type Condition = z.infer<typeof condition>;

const ancestor = z.looseObject({
  ancestorRef: z
    .looseObject({
      kind: z.string().exactOptional(),
      name: z.string().exactOptional(),
      sectionName: z.string().exactOptional(),
    })
    .exactOptional(),
  conditions: z.array(condition).exactOptional(),
});
export type Ancestor = z.infer<typeof ancestor>;

export const extensionPolicy = kubeObject.extend({
  spec: z
    .looseObject({
      targetRef: targetReference.exactOptional(),
      targetRefs: z.array(targetReference).exactOptional(),
      targetSelectors: z.array(z.looseObject({})).exactOptional(),
      mergeType: z.string().exactOptional(),
      wasm: z.array(filter).exactOptional(),
    })
    .exactOptional(),
  status: z.looseObject({ ancestors: z.array(ancestor).exactOptional() }).exactOptional(),
});
