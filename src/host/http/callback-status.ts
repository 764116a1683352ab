/**
 * Translates a guest's return value as Envoy's filter manager does. `answered`: the callback sent a local reply, which
 * stops the stream.
 */
import { DataStatus, FilterStatus, HeadersStatus } from '../status.ts';

/**
 * Translates a headers status; StopIteration holds back the body too unless the plugin has
 * `allow_on_headers_stop_iteration`.
 */
export function afterHeaders(result: number, answered: boolean, allowStop: boolean): number {
  if (answered || result > HeadersStatus.StopAllIterationAndWatermark) {
    return HeadersStatus.StopAllIterationAndWatermark;
  }
  if (result === HeadersStatus.StopIteration && !allowStop) {
    return HeadersStatus.StopAllIterationAndWatermark;
  }
  return result === HeadersStatus.ContinueAndEndStream ? HeadersStatus.Continue : result;
}

export function afterData(result: number, answered: boolean): number {
  return answered || result > DataStatus.StopIterationNoBuffer ? DataStatus.StopIterationNoBuffer : result;
}

export function afterTrailers(result: number, answered: boolean): number {
  return answered || result !== FilterStatus.Continue ? FilterStatus.StopIteration : FilterStatus.Continue;
}
