/**
 * The public API: each verb as a function of options and system, the failures, and the host for tests.
 * Nothing here prints, prompts or exits. The host alone, for a web page, is `wasme/host`.
 */
export { type BenchOptions, type BenchResult, bench } from './bench.ts';
export {
  type BuildOptions,
  type BuildResult,
  build,
  buildPrecompiled,
  planBuild,
  watchBuild,
} from './build.ts';
export { type ConvertOptions, type ConvertResult, convert } from './convert.ts';
export { type CopyImageOptions, type CopyImageResult, copy } from './copy.ts';
export { type DeployOptions, type DeployResult, deploy } from './deploy.ts';
export { type DoctorOptions, type DoctorResult, doctor } from './doctor.ts';
export { type ErrorCode, WasmeError, type WasmeErrorOptions, errorKinds } from './errors.ts';
export { type InitOptions, type InitResult, init } from './init.ts';
export { type InspectOptions, type InspectResult, inspect } from './inspect.ts';
export type { SystemContext } from './io/system-context.ts';
export { type ListOptions, type ListResult, list } from './list.ts';
export { type LoadOptions, type LoadResult, load } from './load.ts';
export { type LoginOptions, type LoginResult, login } from './login.ts';
export { type LogoutOptions, type LogoutResult, logout } from './logout.ts';
export { type Project, projectJsonSchema } from './project/schema.ts';
export { type PullOptions, type PullResult, pull } from './pull.ts';
export { type PushOptions, type PushResult, push } from './push.ts';
export { type Reporter, type Task, type TaskOptions, silentReporter } from './reporter.ts';
export { type RmOptions, type RmResult, rm } from './rm.ts';
export { type Run, type RunOptions, type RunResult, startRun } from './run.ts';
export { type SaveOptions, type SaveResult, save } from './save.ts';
export { type SearchOptions, type SearchResult, search } from './search.ts';
export { type ServeOptions, type ServeResult, serve } from './serve.ts';
export { type StatusOptions, type StatusResult, status } from './status.ts';
export { type TagOptions, type TagResult, tag } from './tag.ts';
export { type TagsOptions, type TagsResult, tags } from './tags.ts';
export { type TestOptions, type TestResult, test, watchTests } from './test.ts';
export { type UndeployOptions, type UndeployResult, undeploy } from './undeploy.ts';
export { type VerifyOptions, type VerifyResult, verify } from './verify.ts';
