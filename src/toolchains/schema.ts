/** What compilers print as JSON: the parts that plans read. */
import { z } from 'zod';

/** `cargo metadata --no-deps`: one package for a crate, several for a workspace. */
export const cargoMetadataSchema = z.looseObject({
  target_directory: z.string(),
  packages: z.array(
    z.looseObject({
      name: z.string(),
      manifest_path: z.string(),
      targets: z.array(
        z.looseObject({ name: z.string(), kind: z.array(z.string()), crate_types: z.array(z.string()) }),
      ),
      dependencies: z.array(z.looseObject({ path: z.string().nullish() })),
    }),
  ),
});

/** `go mod edit -json`: go.mod as data. */
export const goModSchema = z.looseObject({
  Require: z.array(z.looseObject({ Path: z.string(), Version: z.string() })).nullish(),
  Replace: z.array(z.looseObject({ New: z.looseObject({ Path: z.string() }) })).nullish(),
});
