/** Trace events as lines for people: callbacks stand at the left, the host calls they make are indented. */
import type { TraceEvent } from '../host/trace/trace.ts';

/** One line without its end, e.g. `  [my-filter #2] proxy_get_property(path="request.path") -> Ok value="/x" 3 µs`. */
export function formatTrace(event: TraceEvent): string {
  const who = `[${event.plugin} #${event.contextId}]`;
  switch (event.kind) {
    case 'begin':
      return `${who} ${event.name}(${event.arguments})`;
    case 'end': {
      const outcome = event.trap === undefined ? `-> ${event.result ?? ''}` : `trapped: ${event.trap}`;
      return `${who} ${event.name} ${outcome} ${event.durationUs ?? 0} µs`;
    }
    case 'call': {
      const results = event.results === '' ? '' : ` ${event.results}`;
      const why = event.explanation === undefined ? '' : ` (${event.explanation})`;
      return `${who}   ${event.name}(${event.arguments}) -> ${event.status}${results}${why} ${event.durationUs} µs`;
    }
  }
}
