/** What a guest's return value comes to in Envoy's filter manager. `answered`: a local reply was sent in the callback, which stops the stream. */
import { DataStatus, FilterStatus, HeadersStatus } from '../status.ts';

/** StopIteration holds the body back too, unless the plugin has `allow_on_headers_stop_iteration`. */
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
