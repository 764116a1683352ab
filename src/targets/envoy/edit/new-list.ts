/** Makes a list in the user's file that does not have it yet. */
import { type YAMLMap, isNode, isScalar } from 'yaml';
import type { TextEdit } from '../../../io/text-edits.ts';
import type { AnnotatedDocument } from '../../annotated-document.ts';
import { type EnvoyFile, camelCase, refuseSingleValue, refused } from './envoy-file.ts';
import { fillKey, insertKey } from './splice.ts';

/** Adds the list under a new key, or under an existing key that has no value. Fails with DEPLOY_FILE. */
export function newList(
  file: EnvoyFile,
  owner: YAMLMap,
  key: string,
  added: readonly AnnotatedDocument[],
): TextEdit {
  const pair = owner.items.find(
    item => isScalar(item.key) && [key, camelCase(key)].includes(String(item.key.value)),
  );
  if (pair === undefined) return insertKey(file.text, owner, key, added);
  const { value } = pair;
  // Nothing is written there, which Envoy reads as no list; a written null would have to be replaced, and could not come back.
  const empty = isScalar(value) && value.value === null && value.range?.[0] === value.range?.[1];
  if (empty && owner.flow !== true && isNode(pair.key)) return fillKey(file.text, pair.key, added);
  refuseSingleValue(file, { owner, key, list: undefined });
  throw refused(
    `${file.at(isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0)}: ${key} holds no list`,
    `write it as ${key}: [], or take it out`,
  );
}
