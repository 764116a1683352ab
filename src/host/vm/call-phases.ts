/** Decides which host functions a guest may call before it has started, and while it allocates memory for the host. */
import { wasiModules } from '../../wasm/functions.ts';

/** The phases in which host calls are restricted: while the module is instantiated, started, or asked for memory. */
export const CallPhase = { Normal: 0, Load: 1, Start: 2, Allocate: 3 } as const;

const inAllocator = new Set(['fd_write', 'clock_time_get', 'poll_oneoff']);

const inStart = new Set(
  (
    'fd_write args_sizes_get args_get environ_sizes_get environ_get clock_time_get clock_res_get random_get ' +
    'poll_oneoff fd_fdstat_get fd_fdstat_set_flags fd_advise fd_allocate fd_datasync fd_fdstat_set_rights ' +
    'fd_filestat_get fd_filestat_set_size fd_filestat_set_times fd_pread fd_prestat_dir_name fd_prestat_get ' +
    'fd_pwrite fd_readdir fd_renumber fd_sync fd_tell path_create_directory path_filestat_get ' +
    'path_filestat_set_times path_link path_readlink path_remove_directory path_rename path_symlink ' +
    'path_unlink_file sock_accept sock_recv sock_send sock_shutdown'
  ).split(' '),
);

export function isAllowedIn(phase: number, module: string, name: string): boolean {
  if (phase === CallPhase.Normal) return true;
  if (module === 'env')
    return name === 'proxy_log' || (phase === CallPhase.Start && name === 'emscripten_notify_memory_growth');
  return wasiModules.includes(module) && (phase === CallPhase.Allocate ? inAllocator : inStart).has(name);
}
