/** The verbs, in the order of the help. A line here is all that is loaded of a verb until it is called. */
import type { Verb } from './ui/verb.ts';

export const verbs: readonly Verb[] = [
  { name: 'init', summary: 'create a project from a template', load: () => import('./init.ts') },
  { name: 'build', summary: 'build the filter and check the module', load: () => import('./build.ts') },
  { name: 'test', summary: 'play test suites against the built filter', load: () => import('./test.ts') },
  {
    name: 'run',
    summary: 'run filters in a local proxy, in the bundled host',
    load: () => import('./run.ts'),
  },
  {
    name: 'bench',
    summary: 'measure the cost of a filter and the growth of its memory',
    load: () => import('./bench.ts'),
  },
  {
    name: 'inspect',
    summary: 'show the content of a module or image',
    leavesNothing: true,
    load: () => import('./inspect.ts'),
  },
  {
    name: 'verify',
    summary: 'check which hosts load a module or image',
    leavesNothing: true,
    load: () => import('./verify.ts'),
  },
  {
    name: 'list',
    summary: 'list the images of the local store',
    leavesNothing: true,
    load: () => import('./list.ts'),
  },
  {
    name: 'tag',
    summary: 'add a name to an image of the local store',
    leavesNothing: true,
    load: () => import('./tag.ts'),
  },
  { name: 'rm', summary: 'remove images from the local store', load: () => import('./rm.ts') },
  { name: 'push', summary: 'push a filter to a registry', load: () => import('./push.ts') },
  {
    name: 'pull',
    summary: 'pull an image into the local store, or its module into a file',
    load: () => import('./pull.ts'),
  },
  { name: 'copy', summary: 'copy an image from registry to registry', load: () => import('./copy.ts') },
  {
    name: 'search',
    summary: 'list the repositories of a registry',
    leavesNothing: true,
    load: () => import('./search.ts'),
  },
  {
    name: 'tags',
    summary: 'list the tags of a repository',
    leavesNothing: true,
    load: () => import('./tags.ts'),
  },
  {
    name: 'save',
    summary: 'write images into one archive file',
    load: () => import('./save.ts'),
  },
  {
    name: 'load',
    summary: 'read images from an archive file into the local store',
    load: () => import('./load.ts'),
  },
  {
    name: 'convert',
    summary: 'pack an image in another layout',
    load: () => import('./convert.ts'),
  },
  { name: 'login', summary: 'store credentials for a registry', load: () => import('./login.ts') },
  { name: 'logout', summary: 'remove the credentials for a registry', load: () => import('./logout.ts') },
  {
    name: 'deploy',
    summary: 'write (and apply) the configuration that runs the filter in a proxy',
    load: () => import('./deploy.ts'),
  },
  {
    name: 'serve',
    summary: 'serve modules by digest, for proxies that fetch code by URL',
    load: () => import('./serve.ts'),
  },
  {
    name: 'undeploy',
    summary: 'remove a deployed filter',
    load: () => import('./undeploy.ts'),
  },
  {
    name: 'status',
    summary: 'show whether the filter is loaded, its digest and its failures',
    load: () => import('./status.ts'),
  },
  {
    name: 'doctor',
    summary: 'show installed compilers and how to install the others',
    load: () => import('./doctor.ts'),
  },
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    leavesNothing: true,
    load: () => import('./completion.ts'),
  },
];
