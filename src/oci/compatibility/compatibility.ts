/** What a loader's rule gives: `repack` when the packing is at fault and not the content. */
export interface Judgement {
  readonly ok: boolean;
  readonly reason: string;
  readonly note?: string | undefined;
  readonly repack?: true;
}

export function yes(reason: string): Judgement {
  return { ok: true, reason };
}

/** Refused for how it is packed: another layout would load. */
export function no(reason: string): Judgement {
  return { ok: false, reason, repack: true };
}
