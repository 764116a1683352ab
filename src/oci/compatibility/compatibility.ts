/** What a loader's rule gives: `repack` when the packing is at fault and not the content. */
export interface Compatibility {
  readonly ok: boolean;
  readonly reason: string;
  readonly note?: string | undefined;
  readonly repack?: true;
}

export function compatible(reason: string): Compatibility {
  return { ok: true, reason };
}

/** Refused for how it is packed: another layout would load. */
export function incompatible(reason: string): Compatibility {
  return { ok: false, reason, repack: true };
}
