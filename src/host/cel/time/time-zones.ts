/** Time zones as expressions name them: of the tz database, letter for letter, or an offset with a colon. */

/** Those that were asked for; the database has some hundred. */
const formats = new Map<string, Intl.DateTimeFormat | undefined>();

/** Returns the milliseconds that a zone is ahead of UTC at a time; undefined for an unknown zone. */
export function zoneOffsetMs(zone: string, timeMs: number): number | undefined {
  if (zone === '' || zone === 'UTC') return 0;
  const format = formatOf(zone);
  if (format === undefined) return shiftOf(zone);
  // Times far away have the offset of the last year that has rules of its own.
  const at = Math.min(Math.max(timeMs, -8e15), 8e15);
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name));
  const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year');
  const local = new Date(0);
  local.setUTCFullYear(year, part('month') - 1, part('day'));
  local.setUTCHours(part('hour') % 24, part('minute'), part('second'));
  return local.getTime() - Math.floor(at / 1000) * 1000;
}

/** Zones of three letters that are in the database; engines know more. */
const shortNames = new Set('CET EET EST GMT HST MET MST PRC ROC ROK UCT UTC WET'.split(' '));

/** Returns the engine's format of a zone; the engine takes names in any case, the database does not. */
function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  if (!/^[A-Z][A-Za-z0-9/_+-]{2,40}$/.test(zone) || (zone.length === 3 && !shortNames.has(zone)))
    return undefined;
  if (!formats.has(zone)) formats.set(zone, makeFormat(zone));
  return formats.get(zone);
}

function makeFormat(zone: string): Intl.DateTimeFormat | undefined {
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    const { timeZone } = format.resolvedOptions();
    return timeZone.toLowerCase() === zone.toLowerCase() && timeZone !== zone ? undefined : format;
  } catch {
    return undefined;
  }
}

function shiftOf(zone: string): number | undefined {
  const match = /^([+-]?)(\d{1,9}):(\d{1,9})$/.exec(zone);
  if (!match) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === '-' ? -minutes : minutes) * 60_000;
}
