/** Text that came from elsewhere (a registry, an image, a proxy), fit for a terminal. */

/** In one line, without control and formatting characters, and cut where it is longer than anybody reads. */
export function printable(text: string, maxLength = 1000): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean;
}
