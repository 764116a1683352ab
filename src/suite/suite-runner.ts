/** The interface of a runner: a host that can play cases. */
import type { Chunking } from './message.ts';
import type { Played } from './bundled/play.ts';
import type { Case } from './file/schema.ts';
import type { SuiteSubject } from './subject.ts';

export interface SuiteRunner {
  /** `istio@1.30`, for names of cases where there are several. */
  readonly text: string;
  play(testCase: Case, subject: SuiteSubject, cut: Chunking): Promise<Played>;
}
