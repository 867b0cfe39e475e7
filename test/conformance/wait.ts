/** Waiting for another process: its files and sockets tell nobody, so they are asked again and again. */
export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** @returns false when `ms` went by before the check was true. */
export async function poll(check: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const end = Date.now() + ms;
  for (;;) {
    if (await check()) return true;
    if (Date.now() > end) return false;
    await sleep(25);
  }
}
