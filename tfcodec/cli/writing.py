"""Files that appear whole or not at all, whatever becomes of the process.

A file is written under a temporary name in its own folder, forced to the disk
and only then renamed. While it is written its process holds a lock on it. The
system drops that lock when the process ends, however it ends: a temporary
file without a lock is what a killed run has left.
"""

import contextlib
import errno
import os
import pathlib
import secrets

try:
    import fcntl
except ImportError:  # Not a POSIX system: no locks, nothing is cleared away.
    fcntl = None

_NOT_FOR_FOLDERS = (errno.EINVAL, errno.ENOTSUP)


def write_whole(path, data, before=None, mtime_ns=None):
    """Puts `data` under the name `path`, all of it or nothing.

    Args:
        path: `pathlib.Path`; its folder is made if it is not there. A file of
            that name is replaced; a link is replaced, not followed.
        data: bytes.
        before: function of the temporary file's path, called when all of it
            is on the disk. What it raises gives the file up.
        mtime_ns: int, the modification time that the file gets; None: now.

    Raises:
        OSError: there is no room, or no permission, or the disk fails.
    """
    make_folder(path.parent)
    with _temporary_file(path.parent) as (file, temporary):
        with file:
            file.write(data)
            file.flush()
            if mtime_ns is not None:
                os.utime(temporary, ns=(mtime_ns, mtime_ns))
            os.fsync(file.fileno())
            if hasattr(os, "posix_fadvise"):  # It is read from the disk then.
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if before is not None:
            before(temporary)
        os.replace(temporary, path)
    _sync_folder(path.parent)


def make_folder(path):
    """Makes a folder and those above it, on the disk when this returns."""
    if not os.path.isdir(path):
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        _sync_folder(path.parent)


def check_writable(folder):
    """Raises OSError if no file can be made in a folder, which is made."""
    make_folder(folder)
    with _temporary_file(folder) as (file, temporary):
        file.close()
        temporary.unlink()


def remove_leftovers(folder):
    """Removes the temporary files in a folder that no process is writing."""
    if fcntl is None:
        return
    for path in pathlib.Path(folder).glob(".tfcodec-*.part"):
        try:
            with open(path, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
        except OSError:  # Locked, or gone by now, or not ours to remove.
            continue


@contextlib.contextmanager
def _temporary_file(folder):
    """`(file, path)`: new, locked; gone after an error."""
    while True:
        path = folder / f".tfcodec-{secrets.token_hex(8)}.part"
        with open(path, "xb") as file, contextlib.ExitStack() as stack:
            stack.callback(path.unlink, missing_ok=True)
            if fcntl is not None:
                # Of its own, so that the lock outlasts `file.close()`.
                descriptor = os.dup(file.fileno())
                stack.callback(os.close, descriptor)
                if not _is_locked_and_there(descriptor):
                    continue
            yield file, path
            return


def _is_locked_and_there(descriptor):
    """Locks a new file that `remove_leftovers` may have found before."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # It is being removed.
        return False
    except OSError:  # A file system without locks: nothing is removed there.
        return True
    return os.fstat(descriptor).st_nlink > 0


def _sync_folder(path):
    """Forces the names in a folder to the disk, where the system can."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # Windows; a folder that may be written but not read.
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_FOR_FOLDERS:
            raise
    finally:
        os.close(descriptor)
