/** Writing to files so that what is said to be written is. */
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";

const PIECES_PER_WRITE = 512; // the system's limit is 1,024

/** Writes the pieces one after the other from a position on, all of them or it throws. */
export async function writeAll(
  handle: FileHandle,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<void> {
  for (let at = 0, offset = position; at < pieces.length; at += PIECES_PER_WRITE) {
    const some = pieces.slice(at, at + PIECES_PER_WRITE);
    const bytes = some.reduce((sum, piece) => sum + piece.length, 0);
    const { bytesWritten } = await handle.writev(some, offset);
    if (bytesWritten < bytes) {
      // A short write: the rest in one piece, which says why if it fails too.
      const rest = Buffer.concat(some).subarray(bytesWritten);
      await writeRest(handle, rest, offset + bytesWritten);
    }
    offset += bytes;
  }
}

async function writeRest(handle: FileHandle, rest: Buffer, position: number): Promise<void> {
  for (let done = 0; done < rest.length;) {
    const { bytesWritten } = await handle.write(rest, done, rest.length - done, position + done);
    if (bytesWritten === 0) throw new Error("nothing could be written");
    done += bytesWritten;
  }
}

/** Makes an empty file whose name is on disk too, not only its content. Throws if there is one already:
 * what is in it is worth more. */
export async function createFile(file: string): Promise<FileHandle> {
  const handle = await open(file, "wx", 0o600);
  const folder = await open(path.dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return handle;
}
