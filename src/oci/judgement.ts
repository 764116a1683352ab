/** What a loader's rule gives: `repack` when the packing is at fault and not the content. */
export interface Judgement {
  readonly ok: boolean;
  readonly reason: string;
  readonly note?: string | undefined;
  readonly repack?: true;
}
