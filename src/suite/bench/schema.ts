/** The part of a saved result that a later run is compared with. */
import { z } from 'zod';

const spread = z.looseObject({ medianUs: z.number(), p99Us: z.number() });

export const baselineSchema = z.looseObject({
  kind: z.enum(['http', 'network']),
  workload: z.looseObject({ bodyBytes: z.number() }),
  stream: z.looseObject({ ...spread.shape, perSecond: z.number() }),
  empty: spread,
  callbacks: z.array(z.looseObject({ name: z.string(), medianUs: z.number() })),
});

export type Baseline = z.infer<typeof baselineSchema>;
