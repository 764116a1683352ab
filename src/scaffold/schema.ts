/** The shape of template.json. */
import { z } from 'zod';
import { kinds, languages } from '../project/schema.ts';

const text = z.string().min(1);

export const templateSchema = z.strictObject({
  language: z.enum(languages),
  kind: z.enum(kinds),
  useCase: text.optional(),
  description: text,
  install: z.array(text).min(1).optional(),
  extends: text.optional(),
  without: z.array(text).optional(),
});

/** The fields that are read from the wasme.json of a user's template folder; its name may still be the placeholder. */
export const templateProjectSchema = z.looseObject({
  language: z.enum(languages),
  kind: z.enum(kinds).default('http'),
});

export type TemplateInfo = z.infer<typeof templateSchema>;
