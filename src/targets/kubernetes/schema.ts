/** Objects as the API server gives them, as far as wasme reads them. Other fields pass unread. */
import { z } from 'zod';

/** The schema of one kind of object. */
export type ObjectSchema<T> = z.ZodType<T>;

const texts = z.record(z.string(), z.string());
const fields = z.record(z.string(), z.unknown());

export const kubeObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().exactOptional(),
    labels: texts.exactOptional(),
    annotations: texts.exactOptional(),
    resourceVersion: z.string().exactOptional(),
    generation: z.number().exactOptional(),
    deletionTimestamp: z.string().exactOptional(),
  }),
  spec: fields.exactOptional(),
  status: fields.exactOptional(),
});

/** `get -o json` of several objects. Each item is parsed by the schema of its kind. */
export const kubeList = z.looseObject({ items: z.array(z.unknown()) });

export const deployment = kubeObject.extend({
  metadata: kubeObject.shape.metadata.extend({ namespace: z.string() }),
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({ containers: z.array(z.looseObject({ image: z.string().exactOptional() })) }),
    }),
  }),
});

export const configMap = kubeObject.extend({ data: texts.exactOptional() });

/** Selectors and target references, which several kinds share. */
export const targetReference = z.looseObject({ kind: z.string(), name: z.string() });
export const podSelector = z.looseObject({ matchLabels: texts.exactOptional() });
