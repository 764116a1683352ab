/** Finds the name that was probably meant by a misspelt one. */
import { closestMatch } from 'leven';

/** The name that `word` begins, else the one that is a few letters off; undefined when none is near. */
function nearest(word: string, names: readonly string[]): string | undefined {
  const begun = names.filter(name => word.length > 2 && name.startsWith(word));
  const [shortest] = begun.sort((left, right) => left.length - right.length);
  // Two letters that changed places count as two; most of a short word is another word.
  return shortest ?? closestMatch(word, names, { maxDistance: Math.min(3, Math.ceil(word.length / 2)) });
}

/** `; did you mean "port"?`, or nothing. */
export function didYouMean(word: string, names: readonly string[]): string {
  const meant = nearest(word, names);
  return meant === undefined ? '' : `; did you mean "${meant}"?`;
}
