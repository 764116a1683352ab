/** The observations of one case. Text is UTF-8 with replacement characters. */
export interface ObservedMessage {
  /** Name → values in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  readonly bodyBytes: number;
  readonly trailers: ReadonlyMap<string, readonly string[]>;
}

export interface CaseOutcome {
  /** The request that reached the upstream, if one did. */
  readonly upstream: ObservedMessage | undefined;
  /** The complete response that reached the client; undefined when the stream was reset or never answered. */
  readonly response: ObservedMessage | undefined;
  /** Envoy's response-code details, which say why a response is not complete. */
  readonly details: string | undefined;
  readonly logs: readonly string[];
  readonly metrics: ReadonlyMap<string, number>;
  readonly callouts: readonly { readonly cluster: string; readonly request: ObservedMessage }[];
}
