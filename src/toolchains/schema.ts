/** Parses the JSON that compilers print, as far as plans need it. Loaded after one has printed, never by a plan. */
import { z } from 'zod';

/** `cargo metadata --no-deps`: one package for a crate, several for a workspace. */
const cargoMetadata = z.object({
  workspace_root: z.string(),
  target_directory: z.string(),
  /** Folder of intermediate results; Cargo 1.91 and later. */
  build_directory: z.string().nullish(),
  packages: z.array(
    z.object({
      name: z.string(),
      manifest_path: z.string(),
      targets: z.array(
        z.object({
          name: z.string(),
          kind: z.array(z.string()),
          crate_types: z.array(z.string()),
          src_path: z.string(),
        }),
      ),
      dependencies: z.array(z.object({ path: z.string().nullish() })),
    }),
  ),
});

/** `go mod edit -json`: go.mod as data. */
const goMod = z.object({
  Require: z.array(z.object({ Path: z.string(), Version: z.string() })).nullish(),
  Replace: z.array(z.object({ New: z.object({ Path: z.string() }) })).nullish(),
});

export type CargoMetadata = z.infer<typeof cargoMetadata>;
export type GoMod = z.infer<typeof goMod>;

/** Returns undefined for unexpected output: the build itself then reports what is wrong with the project. */
export function readCargoMetadata(stdout: string): CargoMetadata | undefined {
  return read(stdout, cargoMetadata);
}

export function readGoMod(stdout: string): GoMod | undefined {
  return read(stdout, goMod);
}

function read<S extends z.ZodType>(stdout: string, schema: S): z.infer<S> | undefined {
  try {
    return schema.safeParse(JSON.parse(stdout)).data;
  } catch {
    return undefined;
  }
}
