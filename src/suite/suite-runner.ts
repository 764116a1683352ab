/** A place where cases can be played. */
import type { Cut } from './message.ts';
import type { Played } from './bundled/play.ts';
import type { Case } from './file/schema.ts';
import type { Subject } from './subject.ts';

export interface Venue {
  /** `istio@1.30`, for names of cases where there are several. */
  readonly text: string;
  play(testCase: Case, subject: Subject, cut: Cut): Promise<Played>;
}
