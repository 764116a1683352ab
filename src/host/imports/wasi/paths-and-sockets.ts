/** WASI functions for paths and sockets, none of which a guest in Envoy has. */
import { Errno } from '../../status.ts';
import type { WasiImplementations } from '../implementation.ts';
import { always, zeroed } from './answers.ts';

export const pathAndSocketFunctions = {
  /**
   * Returns NoEntry for every path.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#path_open
   */
  path_open: always(Errno.NoEntry),

  /**
   * Returns NotSupported.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#path_filestat_get
   */
  path_filestat_get: always(Errno.NotSupported),

  /**
   * Returns NotSupported.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#path_filestat_set_times
   */
  path_filestat_set_times: always(Errno.NotSupported),

  /**
   * Returns NotSupported.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#path_create_directory
   */
  path_create_directory: always(Errno.NotSupported),

  /**
   * Returns NotSupported.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#path_remove_directory
   */
  path_remove_directory: always(Errno.NotSupported),

  /**
   * Returns NotSupported.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#path_unlink_file
   */
  path_unlink_file: always(Errno.NotSupported),

  /**
   * Returns NotSupported.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#path_link
   */
  path_link: always(Errno.NotSupported),

  /**
   * Returns NotSupported.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#path_symlink
   */
  path_symlink: always(Errno.NotSupported),

  /**
   * Returns NotSupported.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#path_rename
   */
  path_rename: always(Errno.NotSupported),

  /**
   * Returns NotSupported.
   * Out: the last parameter gets 0 as a u32.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#path_readlink
   */
  path_readlink: zeroed(Errno.NotSupported, 5, [4]),

  /**
   * Returns NotSupported.
   * Out: the last parameter gets 8 bytes of 0.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#sock_accept
   */
  sock_accept: zeroed(Errno.NotSupported, 2, [8]),

  /**
   * Returns NotSupported.
   * Out: the last two parameters get 0, as a u32 and a u16.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#sock_recv
   */
  sock_recv: zeroed(Errno.NotSupported, 4, [4, 2]),

  /**
   * Returns NotSupported.
   * Out: the last parameter gets 0 as a u32.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#sock_send
   */
  sock_send: zeroed(Errno.NotSupported, 4, [4]),

  /**
   * Returns NotSupported.
   * https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#sock_shutdown
   */
  sock_shutdown: always(Errno.NotSupported),
} satisfies WasiImplementations;
