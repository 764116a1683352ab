/** For tests of what may not be written: root may write everywhere. */
import { chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The user that owns nothing. */
const nobody = 65_534;

/** Runs `body` as a user who owns `folder` and all below it and is not root; as the present user when that is not root. */
export async function asOrdinaryUser<T>(folder: string, body: () => Promise<T>): Promise<T> {
  const { setegid, seteuid } = process;
  if (process.getuid?.() !== 0 || setegid === undefined || seteuid === undefined) return body();
  for (const path of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })])
    chownSync(join(folder, path), nobody, nobody);
  setegid.call(process, nobody);
  seteuid.call(process, nobody);
  try {
    return await body();
  } finally {
    seteuid.call(process, 0);
    setegid.call(process, 0);
  }
}
