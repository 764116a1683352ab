/** A stream as an access log sees it: read-only maps and the facts. */
import type { StateMap } from '../properties/filter-state.ts';
import type { HeaderMap } from './header-map.ts';
import { MapType } from '../status.ts';
import type { StreamInfo } from '../types.ts';

export class AccessLogHeaders {
  readonly info: StreamInfo;
  /** What its filters have set. */
  readonly filterState: StateMap;
  readonly #requestHeaders: HeaderMap | undefined;
  readonly #responseHeaders: HeaderMap | undefined;
  readonly #responseTrailers: HeaderMap | undefined;

  /** Without maps: an L4 connection. */
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

  /** Request trailers and the maps of call-outs are never there. */
  map(type: number): HeaderMap | undefined {
    if (type === MapType.RequestHeaders) return this.#requestHeaders;
    if (type === MapType.ResponseHeaders) return this.#responseHeaders;
    return type === MapType.ResponseTrailers ? this.#responseTrailers : undefined;
  }
}
