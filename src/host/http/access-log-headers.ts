/** A stream as an access logger sees it: read-only maps and facts. */
import type { StateMap } from '../properties/filter-state.ts';
import type { HeaderMap } from './header-map.ts';
import { MapType } from '../status.ts';
import type { StreamInfo } from '../types.ts';

export class AccessLogHeaders {
  readonly info: StreamInfo;
  /** The filter state that the stream's filters have set. */
  readonly filterState: StateMap;
  readonly #requestHeaders: HeaderMap | undefined;
  readonly #responseHeaders: HeaderMap | undefined;
  readonly #responseTrailers: HeaderMap | undefined;

  /** Without maps it is a connection (L4). */
  constructor(
    info: StreamInfo,
    filterState: StateMap,
    requestHeaders?: HeaderMap,
    responseHeaders?: HeaderMap,
    responseTrailers?: HeaderMap,
  ) {
    this.info = info;
    this.filterState = filterState;
    this.#requestHeaders = requestHeaders;
    this.#responseHeaders = responseHeaders;
    this.#responseTrailers = responseTrailers;
  }

  /** Returns a map by MapType; request trailers and the maps of call-outs are always undefined. */
  map(type: number): HeaderMap | undefined {
    if (type === MapType.RequestHeaders) return this.#requestHeaders;
    if (type === MapType.ResponseHeaders) return this.#responseHeaders;
    return type === MapType.ResponseTrailers ? this.#responseTrailers : undefined;
  }
}
