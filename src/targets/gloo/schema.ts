/** The objects of Gloo that hold Wasm filters, as far as wasme reads them. */
import { z } from 'zod';
import { kubeObject } from '../kubernetes/schema.ts';

const filter = z.looseObject({
  name: z.string().exactOptional(),
  image: z.string().exactOptional(),
  filePath: z.string().exactOptional(),
});

const options = z
  .looseObject({ wasm: z.looseObject({ filters: z.array(filter).exactOptional() }).nullish() })
  .nullish();

const report = z.looseObject({
  /** Older versions wrote the number of the protobuf enum. */
  state: z.union([z.string(), z.number()]).exactOptional(),
  reason: z.string().exactOptional(),
});
export type Report = z.infer<typeof report>;

export const glooObject = kubeObject.extend({
  spec: z.looseObject({ httpGateway: z.looseObject({ options }).nullish(), options }).exactOptional(),
  status: report.extend({ statuses: z.record(z.string(), report).exactOptional() }).exactOptional(),
});
