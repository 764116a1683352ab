/** Turns errors of the file system into a WasmeError. */
import { WasmeError } from '../../errors.ts';

/** The system's error as ours: what was tried on which path, and what usually helps. Other values come back as they are. */
export function fileError(error: unknown, path: string, verb: 'read' | 'write'): unknown {
  if (!isSystemError(error)) return error;
  const hints: Record<string, string> = {
    ENOENT: 'check the spelling; relative paths start at the current folder',
    EACCES: 'check the permissions of the file and of the folders above it',
    EPERM: 'check the permissions of the file and of the folders above it',
    EROFS:
      'the file system is mounted read-only; work in a copy of the folder, or, where only a result is written, name it with -o',
    ENOSPC: 'the disk is full; free some space and run the command again',
    EISDIR: 'this is a folder; name a file',
    ENOTDIR: 'a part of this path is a file, not a folder',
    EEXIST: 'a part of this path is a file, not a folder',
    ENAMETOOLONG: 'a name in this path is too long for the file system',
  };
  const missing = error.code === 'ENOENT' && verb === 'read';
  return new WasmeError(
    missing ? 'FILE_NOT_FOUND' : 'FILE_ACCESS',
    missing ? `no such file: ${path}` : `cannot ${verb} ${path}: ${error.code ?? error.message}`,
    { hint: hints[error.code ?? ''], cause: error, details: { path } },
  );
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string' && 'syscall' in error
  );
}
